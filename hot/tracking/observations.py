"""What the policy sees: named groups of numbers, all of them in the wrist frame, and their layout."""

from __future__ import annotations

from typing import Tuple

import torch
from torch import Tensor

from hot import rotations
from hot.hands import HandSpec
from hot.physics import State
from hot.tracking.config import ObservationConfig
from hot.tracking.reference import Ahead
from hot.tracking.state import SurfacePoints

Layout = Tuple[Tuple[str, int], ...]
"""Observation groups in order, with their sizes. The group ``points``, if any, comes last: it has an encoder."""


def layout(hand: HandSpec, config: ObservationConfig) -> Layout:
    """Names and sizes of the groups that :func:`observe` concatenates, in its order."""
    joints, fingers = hand.num_joints, hand.num_joints - 6
    groups = [
        ("joints", 2 * fingers + 6),
        ("targets", joints),
        ("wrist", 9),
        ("object", 15),
        ("tips", 3 * len(hand.fingertips)),
        ("contact", 3 + len(hand.contact_bodies)),
        ("reference", 13 * len(config.future_frames)),
        ("reference_fingers", fingers * (len(config.finger_frames) + 1)),
        ("points", 3 * config.points),
    ]
    return tuple((name, size) for name, size in groups if size)


def observe(sim: State, targets: Tensor, ahead: Ahead, fingers: Tensor, base: Tensor, points: SurfacePoints) -> Tensor:
    """The observation (N, O) of the policy.

    Args:
        sim: the present instant.
        targets: drive targets in force (N, D).
        ahead: reference wrist, object and contact at the H future frames.
        fingers: reference finger positions (N, H', J) at their future frames [rad].
        base: drive targets of a zero action for the next step (N, D).
        points: the object's surface points, to be shown.
    """
    to_h = rotations.to_matrix(rotations.conjugate(sim.wrist_quat_w))  # (N, 3, 3) world to wrist
    object_h = torch.bmm(to_h, rotations.to_matrix(sim.object_quat_w))  # (N, 3, 3) object to wrist
    seen_h = torch.bmm(_vectors_w(sim, ahead), to_h.transpose(1, 2))  # (N, M, 3), all vectors in one product
    state_h, tips_h, ahead_h = seen_h.split([6, sim.tip_pos_w.shape[1], 4 * ahead.contact.shape[1]], dim=1)
    wanted = torch.cat([fingers, base[:, None, 6:]], dim=1) - sim.joint_pos[:, None, 6:]
    shown_h = points.turned(object_h) + state_h[:, 2, :, None]  # (N, 3, P)
    hinges = sim.joint_pos[:, 3:6]
    return torch.cat(
        [
            sim.joint_pos[:, 6:],
            0.1 * sim.joint_vel[:, 6:],
            hinges.sin(),
            hinges.cos(),
            targets - sim.joint_pos,
            state_h[:, :2].flatten(1),  # wrist velocities
            -to_h[:, :, 2],  # where down is
            state_h[:, 2:5].flatten(1),  # object position and velocities
            object_h[:, :, :2].flatten(1),  # two columns of its rotation matrix: no jumps (Zhou 2019)
            tips_h.flatten(1),
            state_h[:, 5],  # net contact force
            torch.log1p(sim.contact_force_w.norm(dim=2)),
            ahead_h.flatten(1),
            ahead.contact.flatten(1),
            wanted.flatten(1),
            shown_h.transpose(1, 2).flatten(1),
        ],
        dim=1,
    )


def _vectors_w(sim: State, ahead: Ahead) -> Tensor:
    """Every vector (N, 6 + F + 4H, 3) that the policy sees in the wrist frame, still in the world frame."""
    wrist_pos = sim.joint_pos[:, None, :3]
    size = sim.hand_force_w.norm(dim=1, keepdim=True)
    now = [
        sim.wrist_linvel_w,
        sim.wrist_angvel_w,
        sim.object_pos_w - wrist_pos[:, 0],
        sim.object_linvel_w,
        sim.object_angvel_w,
        # Forces span decades: their logarithm is shown.
        sim.hand_force_w * (torch.log1p(size) / size.clamp_min(1e-6)),
    ]
    here = torch.stack([sim.wrist_quat_w, sim.object_quat_w], dim=1)[:, :, None]  # (N, 2, 1, 4)
    there = torch.stack([ahead.wrist_quat_w, ahead.object_quat_w], dim=1)  # (N, 2, H, 4)
    later = [
        ahead.wrist_pos_w - wrist_pos,
        ahead.object_pos_w - sim.object_pos_w[:, None],
        _turn(here, there).flatten(1, 2),
    ]
    return torch.cat([torch.stack(now, dim=1), sim.tip_pos_w - sim.object_pos_w[:, None], *later], dim=1)


def _turn(here: Tensor, there: Tensor) -> Tensor:
    """The remaining turn (..., 3) as 2 sin(angle / 2) times its axis: a rotation vector without its logarithm."""
    step = rotations.multiply(there, rotations.conjugate(here))
    return 2.0 * step[..., 1:] * torch.where(step[..., :1] < 0, -1.0, 1.0)
