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

Layout = Tuple[Tuple[str, int], ...]
"""Observation groups in order, with their sizes. The group ``points``, if any, comes last: it has an encoder."""


def layout(hand: HandSpec, config: ObservationConfig) -> Layout:
    """Names and sizes of the groups that :func:`observe` concatenates, in its order."""
    joints, fingers = hand.num_joints, hand.num_joints - 6
    ahead, finger_ahead = len(config.future_frames), len(config.finger_frames)
    groups = [
        ("joints", 2 * fingers + 6),
        ("wrist", 9),
        ("targets", joints),
        ("tips", 3 * len(hand.fingertips)),
        ("object", 15),
        ("contact", len(hand.contact_bodies) + 3),
        ("reference", 19 * ahead),
        ("reference_fingers", fingers * (finger_ahead + 1)),
        ("points", 3 * config.points),
    ]
    return tuple((name, size) for name, size in groups if size)


def observe(sim: State, points_w: Tensor, targets: Tensor, ahead: Ahead, fingers: Tensor, base: Tensor) -> Tensor:
    """The observation (N, O) of the policy.

    Args:
        sim: the present instant.
        points_w: the object's surface points to show, where they are (N, P, 3).
        targets: drive targets in force (N, D).
        ahead: reference wrist, object and contact at the H future frames.
        fingers: reference finger positions (N, H', J) at their future frames [rad].
        base: drive targets of a zero action for the next step (N, D).
    """
    wrist_pos, unwrist = sim.joint_pos[:, :3], rotations.conjugate(sim.wrist_quat_w)
    to_h = rotations.to_matrix(unwrist)  # (N, 3, 3) world to wrist
    down_h = -to_h[:, :, 2]
    wanted = torch.cat([fingers, base[:, None, 6:]], dim=1)
    groups = [
        _joints(sim.joint_pos, sim.joint_vel),
        torch.cat([_into(to_h, sim.wrist_linvel_w), _into(to_h, sim.wrist_angvel_w), down_h], dim=1),
        targets - sim.joint_pos,
        _into(to_h, sim.tip_pos_w - sim.object_pos_w[:, None]).flatten(1),
        _object(sim, to_h, unwrist),
        _contact(sim, to_h),
        _reference(sim, ahead, to_h, unwrist),
        (wanted - sim.joint_pos[:, None, 6:]).flatten(1),
        _into(to_h, points_w - wrist_pos[:, None]).flatten(1),
    ]
    return torch.cat(groups, dim=1)


def _into(to_h: Tensor, vectors_w: Tensor) -> Tensor:
    """World vectors (N, 3) or (N, M, 3) in the wrist frame."""
    if vectors_w.dim() == 2:
        return torch.bmm(to_h, vectors_w[:, :, None]).squeeze(2)
    return torch.bmm(vectors_w, to_h.transpose(1, 2))


def _two_columns(quat: Tensor) -> Tensor:
    """The first two columns (..., 6) of the rotation matrices: a representation without jumps (Zhou 2019)."""
    return rotations.to_matrix(quat)[..., :2].flatten(-2)


def _joints(joint_pos: Tensor, joint_vel: Tensor) -> Tensor:
    hinges = joint_pos[:, 3:6]
    return torch.cat([joint_pos[:, 6:], 0.1 * joint_vel[:, 6:], hinges.sin(), hinges.cos()], dim=1)


def _object(sim: State, to_h: Tensor, unwrist: Tensor) -> Tensor:
    return torch.cat(
        [
            _into(to_h, sim.object_pos_w - sim.joint_pos[:, :3]),
            _two_columns(rotations.multiply(unwrist, sim.object_quat_w)),
            _into(to_h, sim.object_linvel_w),
            _into(to_h, sim.object_angvel_w),
        ],
        dim=1,
    )


def _contact(sim: State, to_h: Tensor) -> Tensor:
    """Contact forces, compressed: logarithms of the magnitudes, and the net force of the hand on the object."""
    net = sim.hand_force_w
    size = net.norm(dim=1, keepdim=True)
    squeezed = _into(to_h, net) * torch.log1p(size) / size.clamp_min(1e-6)
    return torch.cat([torch.log1p(sim.contact_force_w.norm(dim=2)), squeezed], dim=1)


def _reference(sim: State, ahead: Ahead, to_h: Tensor, unwrist: Tensor) -> Tensor:
    """For each future frame: where wrist and object should be from here, and whether they should touch."""
    turn = rotations.multiply(unwrist[:, None], ahead.wrist_quat_w)
    # The object's remaining turn, seen from the wrist, so that it does not depend on where the scene faces.
    left = rotations.multiply(ahead.object_quat_w, rotations.conjugate(sim.object_quat_w)[:, None])
    left = rotations.multiply(rotations.multiply(unwrist[:, None], left), sim.wrist_quat_w[:, None])
    parts = [
        _into(to_h, ahead.wrist_pos_w - sim.joint_pos[:, None, :3]),
        _two_columns(turn),
        _into(to_h, ahead.object_pos_w - sim.object_pos_w[:, None]),
        _two_columns(left),
        ahead.contact,
    ]
    return torch.cat(parts, dim=-1).flatten(1)
