"""Rigid transforms as pairs of position (..., 3) and quaternion (..., 4)."""

from __future__ import annotations

from typing import Tuple

import torch
from torch import Tensor

from hot import rotations

Transform = Tuple[Tensor, Tensor]


def compose(outer: Transform, inner: Transform) -> Transform:
    """The pose ``inner``, given in the frame ``outer``, in the frame that ``outer`` is given in."""
    return outer[0] + rotations.rotate(outer[1], inner[0]), rotations.multiply(outer[1], inner[1])


def invert(transform: Transform) -> Transform:
    """The frame in which ``transform`` is given, seen from ``transform``."""
    back = rotations.conjugate(transform[1])
    return -rotations.rotate(back, transform[0]), back


def shortest_turn(start: Tensor, end: Tensor) -> Tensor:
    """The smallest rotation (..., 4) from unit vectors ``start`` (..., 3) to ``end``; half turns about any axis."""
    start, end = torch.broadcast_tensors(start, end)
    quat = torch.cat([1.0 + (start * end).sum(-1, keepdim=True), torch.cross(start, end, dim=-1)], dim=-1)
    least = start.abs().argmin(-1, keepdim=True)
    helper = torch.zeros_like(start).scatter(-1, least, 1.0)
    half_turn = torch.cat([torch.zeros_like(quat[..., :1]), torch.cross(start, helper, dim=-1)], dim=-1)
    return rotations.normalize(torch.where(quat[..., :1] < 1e-6, half_turn, quat))


def frame_of(normal: Tensor, along: Tensor) -> Tensor:
    """Rotations (..., 4) whose z axis is ``normal`` (..., 3, unit) and whose x axis is nearest to ``along``."""
    up = normal.new_tensor([0.0, 0.0, 1.0])
    level = shortest_turn(up, normal)
    seen = rotations.rotate_inverse(level, along)
    return rotations.multiply(level, rotations.from_axis_angle(up, torch.atan2(seen[..., 1], seen[..., 0])))
