"""Networks: an encoder for a set of points, and multilayer perceptrons for actor and critic."""

from __future__ import annotations

from typing import Dict, Optional, Sequence, Type

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


ACTIVATIONS: Dict[str, Type[nn.Module]] = {"elu": nn.ELU, "relu": nn.ReLU}
"""Of hidden layers, by name."""


def _perceptron(sizes: Sequence[int], activation: str) -> nn.Sequential:
    kind = ACTIVATIONS[activation]
    return nn.Sequential(*(part for a, b in zip(sizes, sizes[1:]) for part in (nn.Linear(a, b), kind())))


class _Head(nn.Module):
    """An MLP over a flat observation of which ``points`` triples, its last or those from ``start`` on, go through a
    point encoder first."""

    def __init__(
        self,
        encoder: PointEncoder,
        sizes: Sequence[int],
        points: int,
        outputs: int,
        activation: str = "elu",
        start: Optional[int] = None,
    ) -> None:
        super().__init__()
        self._points = 3 * points
        self._start = sizes[0] - self._points if start is None else start
        self.encoder = encoder
        flat, hidden = sizes[0] - self._points, sizes[1:]
        inputs = flat + (encoder.all.out_features if points else 0)
        self._padding = -inputs % _ALIGNMENT
        self.hidden = _perceptron([inputs + self._padding, *hidden], activation)
        self.last = nn.Linear(hidden[-1], outputs)

    def forward(self, observation: Tensor) -> Tensor:
        return self.read(self.encode(observation))

    def encode(self, observation: Tensor) -> Tensor:
        """The observation (N, I) with its points replaced by their code, the same for all heads of one encoder."""
        if self._points:
            before, points, after = observation.tensor_split([self._start, self._start + self._points], dim=1)
            observation = torch.cat([before, self.encoder(points), after], dim=1)
        return nn.functional.pad(observation, (0, self._padding))

    def read(self, encoded: Tensor) -> Tensor:
        """Outputs (N, ...) of an encoded observation."""
        return self.last(self.hidden(encoded))


class Actor(_Head):
    """Mean actions (N, A) of normalised observations (N, O).

    Args:
        encoder: of the observation's points; may be shared with a critic.
        sizes: observation size, then hidden sizes.
        points: how many points there are.
        actions: A.
        activation: of the hidden layers, one of ``ACTIVATIONS``.
        start: where the points begin in the observation; None: they end it.
    """

    def __init__(
        self,
        encoder: PointEncoder,
        sizes: Sequence[int],
        points: int,
        actions: int,
        activation: str = "elu",
        start: Optional[int] = None,
    ) -> None:
        super().__init__(encoder, sizes, points, actions, activation, start)
        # Start on the reference: small last weights make the first mean actions nearly zero.
        nn.init.normal_(self.last.weight, std=1e-3)
        nn.init.zeros_(self.last.bias)


class Critic(_Head):
    """Values (N, 1) of normalised observations (N, O)."""

    def __init__(self, encoder: PointEncoder, sizes: Sequence[int], points: int) -> None:
        super().__init__(encoder, sizes, points, 1)
