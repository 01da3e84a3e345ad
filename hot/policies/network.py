"""Networks: an encoder for a set of points, and multilayer perceptrons for actor and critic."""

from __future__ import annotations

from typing import Sequence

import torch
from torch import Tensor, nn

_POINT_WIDTH = 32
_ALIGNMENT = 8
"""Inputs come in multiples of this many numbers: a GPU has faster kernels for such matrices."""


class PointEncoder(nn.Module):
    """A permutation-invariant code (N, F) of points (N, 3P): shared layer, maximum over points, linear layer."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.each = nn.Linear(3, _POINT_WIDTH)
        self.all = nn.Linear(_POINT_WIDTH, features)

    def forward(self, points: Tensor) -> Tensor:
        lifted = nn.functional.gelu(self.each(points.unflatten(1, (-1, 3))))
        return self.all(lifted.amax(dim=1))


def _perceptron(sizes: Sequence[int]) -> nn.Sequential:
    return nn.Sequential(*(part for a, b in zip(sizes, sizes[1:]) for part in (nn.Linear(a, b), nn.ELU())))


class _Head(nn.Module):
    """An MLP over a flat observation whose last ``points`` triples go through a point encoder first."""

    def __init__(self, encoder: PointEncoder, sizes: Sequence[int], points: int, outputs: int) -> None:
        super().__init__()
        self._points = 3 * points
        self.encoder = encoder
        flat, hidden = sizes[0] - self._points, sizes[1:]
        inputs = flat + (encoder.all.out_features if points else 0)
        self._padding = -inputs % _ALIGNMENT
        self.hidden = _perceptron([inputs + self._padding, *hidden])
        self.last = nn.Linear(hidden[-1], outputs)

    def forward(self, observation: Tensor) -> Tensor:
        return self.read(self.encode(observation))

    def encode(self, observation: Tensor) -> Tensor:
        """The observation (N, I) with its points replaced by their code, the same for all heads of one encoder."""
        if self._points:
            flat, points = observation[:, : -self._points], observation[:, -self._points :]
            observation = torch.cat([flat, self.encoder(points)], dim=1)
        return nn.functional.pad(observation, (0, self._padding))

    def read(self, encoded: Tensor) -> Tensor:
        """Outputs (N, ...) of an encoded observation."""
        return self.last(self.hidden(encoded))


class Actor(_Head):
    """Mean actions (N, A) of normalised observations (N, O).

    Args:
        encoder: of the observation's points; may be shared with a critic.
        sizes: observation size, then hidden sizes.
        points: how many points end the observation.
        actions: A.
    """

    def __init__(self, encoder: PointEncoder, sizes: Sequence[int], points: int, actions: int) -> None:
        super().__init__(encoder, sizes, points, actions)
        # Start on the reference: small last weights make the first mean actions nearly zero.
        nn.init.normal_(self.last.weight, std=1e-3)
        nn.init.zeros_(self.last.bias)


class Critic(_Head):
    """Values (N, 1) of normalised observations (N, O)."""

    def __init__(self, encoder: PointEncoder, sizes: Sequence[int], points: int) -> None:
        super().__init__(encoder, sizes, points, 1)
