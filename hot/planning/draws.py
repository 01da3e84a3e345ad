"""Random numbers that are the same on every device."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from hot import rotations
from hot.synthesis.transforms import shortest_turn


class Draws:
    """Drawn on the CPU and moved, so that a seed gives the same candidates wherever clips are planned."""

    def __init__(self, seed: int, device: torch.device) -> None:
        self.generator, self._device = torch.Generator().manual_seed(seed), device

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        """Numbers in [low, high) of any shape."""
        return (low + (high - low) * torch.rand(*shape, generator=self.generator)).to(self._device)

    def normal(self, *shape: int) -> Tensor:
        """Standard normal numbers."""
        return torch.randn(*shape, generator=self.generator).to(self._device)

    def integers(self, high: int, count: int) -> Tensor:
        """Whole numbers (count,) below ``high``."""
        return torch.randint(high, (count,), generator=self.generator).to(self._device)

    def rotations(self, count: int) -> Tensor:
        """Uniform rotations (count, 4)."""
        return rotations.random((count,), self.generator).to(self._device)

    def directions(self, count: int) -> Tensor:
        """Uniform unit vectors (count, 3)."""
        return torch.nn.functional.normalize(self.normal(count, 3), dim=-1)

    def cone(self, axis: Tensor, half_angle: float) -> Tensor:
        """Directions (N, 3) uniform within a cone about each unit axis (N, 3)."""
        count = len(axis)
        cosine = 1.0 - (1.0 - math.cos(half_angle)) * self.uniform(count)
        angle, sine = 2.0 * math.pi * self.uniform(count), (1.0 - cosine**2).clamp_min(0).sqrt()
        drawn = torch.stack([sine * angle.cos(), sine * angle.sin(), cosine], dim=-1)
        return rotations.rotate(shortest_turn(axis.new_tensor([0.0, 0.0, 1.0]), axis), drawn)

    def evenly(self, rows: Tensor, count: int) -> Tensor:
        """``count`` of the rows, every one as often as every other, in random order."""
        order = torch.arange(count) % len(rows)
        return rows[order[torch.randperm(count, generator=self.generator)].to(self._device)]
