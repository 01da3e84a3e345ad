"""Factors by which worlds differ from the facts of their hand and object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Union

import torch
from torch import Tensor


@dataclass(frozen=True)
class Factors:
    """One factor a world (N,); 1 leaves the facts as they are."""

    mass: Tensor  # of the object, its inertia with it
    friction: Tensor  # of every surface
    gains: Tensor  # stiffness and damping of every drive

    @staticmethod
    def ones(worlds: int, device: Union[str, torch.device] = "cpu") -> Factors:
        """The facts themselves."""
        return Factors(*(torch.ones(worlds, device=device) for _ in range(3)))

    def update(self, mass: Optional[Tensor], friction: Optional[Tensor], gains: Optional[Tensor]) -> None:
        """Overwrite in place what is given."""
        for held, value in ((self.mass, mass), (self.friction, friction), (self.gains, gains)):
            if value is not None:
                held.copy_(value)
