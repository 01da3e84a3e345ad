"""Rotations that leave an object's shape unchanged, and angles that disregard them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import torch
from torch import Tensor

from hot import rotations

_LARGEST_GROUP = 60
"""The icosahedral group; a finite rotation group about more than one axis has no more members."""


@dataclass(frozen=True, eq=False)
class Symmetry:
    """A discrete rotation group and, for bodies of revolution, an axis of free spin. Both in the object frame."""

    rotations: Tensor
    """Members of the discrete group (S, 4), the identity first."""
    axis: Optional[Tensor] = None
    """Unit axis (3,) of continuous symmetry, or None."""
    spherical: bool = False
    """Whether every rotation leaves the shape unchanged."""

    def angle(self, quat: Tensor, ref_quat: Tensor) -> Tensor:
        """Smallest geodesic angle (...) [rad] from ``ref_quat`` to any pose that looks like ``quat`` (..., 4).

        For the axis the minimum over spins is closed: the twist part of the relative quaternion falls away
        and the swing angle remains.
        """
        if self.spherical:
            return (quat * ref_quat).sum(-1) * 0.0
        members = self.rotations.to(quat)
        relative = rotations.multiply(rotations.conjugate(ref_quat), quat)
        relative = rotations.multiply(relative[..., None, :], members)  # (..., S, 4)
        scalar, vector = relative[..., 0], relative[..., 1:]
        if self.axis is not None:
            axis = self.axis.to(quat)
            twist = (vector * axis).sum(-1)
            scalar, vector = torch.hypot(scalar, twist), vector - twist[..., None] * axis
        return (2.0 * torch.atan2(vector.norm(dim=-1), scalar.abs())).amin(-1)


def group_of(generators: Tensor) -> Tensor:
    """The finite rotation group (S, 4) that quaternions (G, 4) generate, the identity first.

    Raises:
        ValueError: the generators do not close to a finite group of at most 60 rotations.
    """
    members = generators.new_tensor([[1.0, 0.0, 0.0, 0.0]])
    fresh = members
    while len(fresh) and len(generators):
        products = rotations.multiply(fresh[:, None], generators[None]).reshape(-1, 4)
        fresh = members[:0]
        for quat in rotations.normalize(products):
            seen = torch.cat([members, fresh])
            if float((seen @ quat).abs().max()) < 1.0 - 1e-6:
                fresh = torch.cat([fresh, quat[None]])
        members = torch.cat([members, fresh])
        if len(members) > _LARGEST_GROUP:
            raise ValueError(f"the turns generate more than {_LARGEST_GROUP} rotations; give a continuous axis instead")
    return members
