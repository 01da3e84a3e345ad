"""Carrying a held object from one random pose to another."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from hot import rotations
from hot.physics import CONTROL_DT
from hot.synthesis.config import SynthesisConfig
from hot.synthesis.grasps import Grasps
from hot.synthesis.paths import Paths
from hot.synthesis.transforms import compose


def draw_transports(grasps: Grasps, rows: Tensor, config: SynthesisConfig, generator: torch.Generator) -> Paths:
    """One transport for each grasp in ``rows`` (N,): straight, at constant speed, with half a turn on the way.

    Start and end lie anywhere in the work space; where the turn would be faster than allowed, it takes longer.
    A random hold at either end, or none, has at most ``max_tail`` frames.
    """
    count = len(rows)
    start, end = _draw_places(count, config, generator), _draw_places(count, config, generator)
    first = rotations.random((count,), generator)
    axis = torch.randn(count, 3, generator=generator)
    axis = axis / axis.norm(dim=-1, keepdim=True)
    way = torch.maximum((end - start).norm(dim=-1) / config.speed, torch.full((count,), math.pi / config.turn_speed))
    steps = (way / CONTROL_DT).round().long().clamp_min(2)
    tail = torch.randint(1, max(config.max_tail, 1) + 1, (count,), generator=generator).clamp_max(config.max_tail)
    kind = torch.randint(3, (count,), generator=generator)  # none, before, after
    before, after = tail * (kind == 1), tail * (kind == 2)
    length = before + steps + after
    frame = torch.arange(int(length.max()))
    share = ((frame - before[:, None]) / (steps - 1)[:, None].float()).clamp(0.0, 1.0)  # (N, T)
    pos = torch.lerp(start[:, None], end[:, None], share[..., None])
    half_turn = rotations.from_axis_angle(axis[:, None], math.pi * share)
    quat = rotations.multiply(first[:, None], half_turn)
    inner = (grasps.wrist_pos_o[rows][:, None], grasps.wrist_quat_o[rows][:, None])
    wrist_pos, wrist_quat = compose((pos, quat), inner)
    frames = len(frame)
    return Paths(
        wrist_pos_w=wrist_pos,
        wrist_quat_w=wrist_quat,
        fingers=grasps.fingers[rows][:, None].expand(count, frames, -1),
        command=grasps.command[rows][:, None].expand(count, frames, -1),
        object_pos_w=pos,
        object_quat_w=quat,
        contact=torch.ones(count, frames, dtype=torch.int8),
        length=length,
        grasp=rows,
        rest=torch.full((count,), -1),
    )


def _draw_places(count: int, config: SynthesisConfig, generator: torch.Generator) -> Tensor:
    low = torch.tensor([-config.reach, -config.reach, config.low])
    high = torch.tensor([config.reach, config.reach, config.high])
    return low + (high - low) * torch.rand(count, 3, generator=generator)
