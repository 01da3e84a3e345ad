"""A free hand that moves and reshapes above an object at rest."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from hot import rotations
from hot.hands import HandSpec
from hot.physics import CONTROL_DT
from hot.synthesis.config import SynthesisConfig
from hot.synthesis.grasps import Grasps
from hot.synthesis.paths import Paths
from hot.synthesis.resting import RestingPoses
from hot.synthesis.timeline import smooth

_UP = (0.0, 0.0, 1.0)


def draw_free_moves(
    hand: HandSpec,
    grasps: Grasps,
    rows: Tensor,
    resting: RestingPoses,
    config: SynthesisConfig,
    generator: torch.Generator,
) -> Paths:
    """One motion for each grasp in ``rows`` (N,), whose fingers it closes to or opens from.

    The wrist goes from one random pose to another no farther than the mean speed allows, smoothly; the object
    rests in any pose anywhere on the table.
    """
    count, frames = len(rows), config.freemove_frames
    seconds = frames * CONTROL_DT
    low = torch.tensor([-config.reach, -config.reach, config.low])
    high = torch.tensor([config.reach, config.reach, config.high])
    start, end = (low + (high - low) * torch.rand(count, 3, generator=generator) for _ in range(2))
    way = (end - start).norm(dim=-1, keepdim=True).clamp_min(1e-6)
    end = start + (end - start) * (config.speed * seconds / way).clamp_max(1.0)
    share = smooth(torch.arange(frames) / (frames - 1.0)).expand(count, frames)
    turn = rotations.to_vector(rotations.random((count,), generator))
    turn = turn * (config.turn_speed * seconds / turn.norm(dim=-1, keepdim=True).clamp_min(1e-6)).clamp_max(1.0)
    first = rotations.random((count,), generator)[:, None]
    wrist_quat = rotations.multiply(first, rotations.from_vector(turn[:, None] * share[..., None]))
    shapes = [torch.lerp(hand.open_fingers, grasps.fingers[rows], _share(count, generator)) for _ in range(2)]
    fingers = torch.lerp(shapes[0][:, None], shapes[1][:, None], share[..., None])
    rest = torch.randint(len(resting), (count,), generator=generator)
    yaw = rotations.from_axis_angle(torch.tensor(_UP), 2 * math.pi * torch.rand(count, generator=generator))
    object_quat = rotations.multiply(yaw, resting.quat_w[rest])
    spot = config.reach * (2 * torch.rand(count, 2, generator=generator) - 1)
    object_pos = torch.cat([spot, resting.height[rest][:, None]], dim=-1)
    return Paths(
        wrist_pos_w=torch.lerp(start[:, None], end[:, None], share[..., None]),
        wrist_quat_w=wrist_quat,
        fingers=fingers,
        command=fingers,
        object_pos_w=object_pos[:, None].expand(count, frames, 3),
        object_quat_w=object_quat[:, None].expand(count, frames, 4),
        contact=torch.zeros(count, frames, dtype=torch.int8),
        length=torch.full((count,), frames),
        grasp=torch.full((count,), -1),
        rest=rest,
    )


def _share(count: int, generator: torch.Generator) -> Tensor:
    return torch.rand(count, 1, generator=generator)
