"""Traces worked by hand: a perfect one, to which tests add one fault at a time."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import torch

from hot.objects import Symmetry
from hot.rollouts import Trace

NUM_FRAMES, NUM_CLIPS, NUM_KEYS, NUM_JOINTS = 220, 3, 4, 22


def perfect_trace(skill: str = "move", frames: int = NUM_FRAMES, clips: int = NUM_CLIPS) -> Trace:
    """An object held still 5 cm from the wrist, half a metre up, exactly where the reference wants it."""
    generator = torch.Generator().manual_seed(0)
    joints = torch.randn(frames, clips, NUM_JOINTS, generator=generator)
    keys = torch.tensor([0.0, 0.0, 0.5]) + 0.1 * torch.randn(frames, clips, NUM_KEYS, 3, generator=generator)
    keys[..., -1, :] = torch.tensor([0.0, 0.0, 0.5])
    position = torch.tensor([0.05, 0.0, 0.5]).repeat(frames, clips, 1)
    quat = torch.tensor([1.0, 0.0, 0.0, 0.0]).repeat(frames, clips, 1)
    return Trace(
        hand="allegro",
        object="Bottle",
        skill=skill,
        clip_ids=torch.arange(clips),
        valid=torch.ones(frames, clips, dtype=torch.bool),
        diverged=torch.zeros(frames, clips, dtype=torch.bool),
        targets=joints.clone(),
        joint_pos=joints,
        joint_vel=torch.zeros_like(joints),
        key_pos_w=keys,
        object_pos_w=position,
        object_quat_w=quat,
        object_linvel_w=torch.zeros(frames, clips, 3),
        object_angvel_w=torch.zeros(frames, clips, 3),
        touching=torch.ones(frames, clips, dtype=torch.bool),
        ref_joint_pos=joints.clone(),
        ref_key_pos_w=keys.clone(),
        ref_object_pos_w=position.clone(),
        ref_object_quat_w=quat.clone(),
        reward=torch.ones(frames, clips),
    )


def changed(trace: Trace, field: str, where: Any, value: Any) -> Trace:
    """The trace with ``field[where] = value``."""
    tensor = getattr(trace, field).clone()
    tensor[where] = torch.as_tensor(value, dtype=tensor.dtype)
    return replace(trace, **{field: tensor})


def fake_object(points: torch.Tensor, axis: Any = None) -> Any:
    """What the metrics read of an object: surface points (P, 3) and a symmetry."""
    return SimpleNamespace(
        name="Bottle",
        surface_points=points,
        symmetry=Symmetry(torch.tensor([[1.0, 0.0, 0.0, 0.0]]), axis),
    )
