"""Wrist hinge angles that never jump."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from hot import rotations


def continuous_hinges(angles: Tensor) -> Tensor:
    """The same rotations as intrinsic x-y-z angles (..., T, 3) [rad], each nearest to the frame before.

    (x, y, z) and (x + pi, pi - y, z + pi) are one rotation, and whole turns change nothing; the first frame is
    kept as it is. A path through the singularity y = +-pi/2 itself still moves x and z fast.
    """
    before, after = angles[..., :-1, :], angles[..., 1:, :]
    other = torch.stack([angles[..., 0] + math.pi, math.pi - angles[..., 1], angles[..., 2] + math.pi], dim=-1)
    stay = rotations.wrap_angle(after - before).norm(dim=-1)
    switch = rotations.wrap_angle(other[..., 1:, :] - before).norm(dim=-1)
    switched = ((switch < stay).to(angles).cumsum(-1) % 2).bool()
    chosen = torch.cat([angles[..., :1, :], torch.where(switched[..., None], other[..., 1:, :], after)], dim=-2)
    turns = (chosen.diff(dim=-2) / (2 * math.pi)).round().cumsum(-2)
    return torch.cat([chosen[..., :1, :], chosen[..., 1:, :] - 2 * math.pi * turns], dim=-2)
