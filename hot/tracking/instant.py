"""One instant as what observations are made of."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor
from typing_extensions import Protocol

from hot.physics import State
from hot.tracking.reference import Reference


class Instant(NamedTuple):
    """The present of all worlds."""

    sim: State
    targets: Tensor  # (N, D) drive targets in force
    base: Tensor  # (N, D) drive targets of a zero action for the next step
    reference: Reference
    clip_ids: Tensor  # (N,)
    frames: Tensor  # (N,)


class View(Protocol):
    """One way to see the worlds."""

    def __call__(self, instant: Instant) -> Tensor:
        """The observation (N, O)."""
        ...
