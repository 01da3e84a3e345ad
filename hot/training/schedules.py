"""The learning rate over a training, kept on the device so that nothing waits for it."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from hot.training.config import PpoConfig

_LOWEST, _HIGHEST = 1e-6, 1e-2
_FACTOR = 1.5


class Schedule(Protocol):
    """Changes ``rate``, a tensor () that the optimiser reads, in place."""

    rate: Tensor

    def start_epoch(self, share: float) -> None:
        """``share`` of the training, in [0, 1], is done."""
        ...

    def after_epoch(self, kl: Tensor) -> None:
        """``kl`` () is how far the policy diverged from the one that acted, on average."""
        ...


class Adaptive:
    """Lower the rate where the policy moves by more than twice the threshold, raise it below half of it."""

    def __init__(self, rate: Tensor, threshold: float) -> None:
        self.rate, self._threshold = rate, threshold

    def start_epoch(self, share: float) -> None:
        """Time does not matter."""

    def after_epoch(self, kl: Tensor) -> None:
        """Multiply the rate by 1/1.5, 1 or 1.5."""
        power = (kl < 0.5 * self._threshold).float() - (kl > 2.0 * self._threshold).float()
        self.rate.mul_(_FACTOR**power).clamp_(_LOWEST, _HIGHEST)


class Linear:
    """A straight line from the first rate down to the lowest."""

    def __init__(self, rate: Tensor, first: float) -> None:
        self.rate, self._first = rate, first

    def start_epoch(self, share: float) -> None:
        """Set the rate of the coming epoch."""
        self.rate.fill_(max(_LOWEST, self._first * (1.0 - share)))

    def after_epoch(self, kl: Tensor) -> None:
        """The policy's pace does not matter."""


def make_schedule(config: PpoConfig, device: torch.device) -> Schedule:
    """The schedule that the configuration names."""
    rate = torch.tensor(config.learning_rate, device=device)
    if config.schedule == "linear":
        return Linear(rate, config.learning_rate)
    return Adaptive(rate, config.kl_threshold)
