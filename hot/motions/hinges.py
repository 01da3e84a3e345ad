"""Wrist hinge angles that never jump."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from hot import rotations


def continuous_hinges(angles: Tensor) -> Tensor:
    """The same rotations as intrinsic x-y-z angles (T, 3) [rad], with the representation nearest to the frame before.

    (x, y, z) and (x + pi, pi - y, z + pi) are one rotation, and whole turns change nothing; the first frame is
    kept as it is. A path through the singularity y = +-pi/2 itself still moves x and z fast.
    """
    other = torch.stack([angles[:, 0] + math.pi, math.pi - angles[:, 1], angles[:, 2] + math.pi], dim=-1)
    stay = rotations.wrap_angle(angles[1:] - angles[:-1]).norm(dim=-1)
    switch = rotations.wrap_angle(other[1:] - angles[:-1]).norm(dim=-1)
    switched = torch.cat([angles.new_zeros(1), (switch < stay).to(angles).cumsum(0) % 2]).bool()
    chosen = torch.where(switched[:, None], other, angles)
    turns = ((chosen[1:] - chosen[:-1]) / (2 * math.pi)).round()
    return torch.cat([chosen[:1], chosen[1:] - 2 * math.pi * turns.cumsum(0)])
