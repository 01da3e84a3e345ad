"""What the policy sees: named groups of numbers, and their layout. Our own are all in the wrist frame."""

from __future__ import annotations

from typing import Sequence, Tuple

import torch
from torch import Tensor

from hot import rotations
from hot.hands import HandSpec
from hot.objects import ObjectSpec
from hot.physics import State
from hot.tracking import upstream
from hot.tracking.config import ObservationConfig
from hot.tracking.instant import Instant, View
from hot.tracking.parts import Layout, Part, layout_of
from hot.tracking.reference import Ahead
from hot.tracking.state import SurfacePoints


def make_view(
    hand: HandSpec,
    objects: Sequence[ObjectSpec],
    world_object: Tensor,
    config: ObservationConfig,
    device: torch.device,
) -> View:
    """What sees the worlds as ``config`` says; ``world_object`` (N,) are indices into ``objects``."""
    kind = upstream.UpstreamView if config.layout == "upstream" else WristView
    return kind(hand, objects, world_object, config, device)


def parts(hand: HandSpec, config: ObservationConfig) -> Tuple[Part, ...]:
    """What an observation concatenates, in its order."""
    return upstream.parts(hand, config) if config.layout == "upstream" else _own_parts(hand, config)


def layout(hand: HandSpec, config: ObservationConfig) -> Layout:
    """Names and sizes of the groups of an observation, in its order."""
    return layout_of(parts(hand, config))


class WristView:
    """Our own observation."""

    def __init__(
        self,
        hand: HandSpec,
        objects: Sequence[ObjectSpec],
        world_object: Tensor,
        config: ObservationConfig,
        device: torch.device,
    ) -> None:
        self._config = config
        self._points = SurfacePoints(objects, world_object, config.points, device)

    def __call__(self, instant: Instant) -> Tensor:
        """The observation (N, O)."""
        reference, clips, frames = instant.reference, instant.clip_ids, instant.frames
        ahead = reference.ahead(clips, frames, self._config.future_frames)
        fingers = reference.fingers(clips, frames, self._config.finger_frames)
        return observe(instant.sim, instant.targets, ahead, fingers, instant.base, self._points)


def _own_parts(hand: HandSpec, config: ObservationConfig) -> Tuple[Part, ...]:
    """What :func:`observe` concatenates, in its order. All vectors are in the wrist's frame.

    H frames ahead have H times as many numbers, frame by frame; so have F fingertips, C contact bodies and P points.
    """
    joints, fingers = hand.num_joints, hand.num_joints - 6
    ahead, later = len(config.future_frames), len(config.finger_frames)
    every = (
        Part("joints", "finger positions", fingers, "[rad]"),
        Part("joints", "finger velocities", fingers, "times 0.1 [rad/s]"),
        Part("joints", "wrist hinges, sine", 3, "of the three angles"),
        Part("joints", "wrist hinges, cosine", 3, "of the three angles"),
        Part("targets", "drive targets", joints, "in force, minus joint positions [m, rad]"),
        Part("wrist", "wrist velocity", 3, "[m/s]"),
        Part("wrist", "wrist angular velocity", 3, "[rad/s]"),
        Part("wrist", "down", 3, "unit vector"),
        Part("object", "object position", 3, "from the wrist [m]"),
        Part("object", "object velocity", 3, "in the world, turned into the wrist's frame [m/s]"),
        Part("object", "object angular velocity", 3, "likewise [rad/s]"),
        Part("object", "object rotation", 6, "first two columns of its matrix, row by row"),
        Part("tips", "fingertips", 3 * len(hand.fingertips), "each from the object's position [m]"),
        Part("contact", "contact force", 3, "net, on the object: its direction times log(1 + size in N)"),
        Part("contact", "contact forces", len(hand.contact_bodies), "log(1 + size in N) on each contact body"),
        Part("reference", "wrist to come", 3 * ahead, "reference position minus the present one [m]"),
        Part("reference", "object to come", 3 * ahead, "reference position minus the present one [m]"),
        Part("reference", "wrist turn to come", 3 * ahead, "2 sin(angle / 2) times its axis"),
        Part("reference", "object turn to come", 3 * ahead, "2 sin(angle / 2) times its axis"),
        Part("reference", "contact to come", ahead, "label: 1 touch, 0 none, -1 either"),
        Part("reference_fingers", "fingers to come", fingers * later, "reference minus present positions [rad]"),
        Part("reference_fingers", "finger command", fingers, "of the next frame, minus present positions [rad]"),
        Part("points", "object points", 3 * config.points, "of its surface, from the wrist [m]"),
    )
    return tuple(part for part in every if part.size)


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
