"""Which planned grasps are worth trying in physics."""

from __future__ import annotations

import torch
from torch import Tensor

_LEVER = 0.05
"""Distance at which a turn counts as much as a shift [m]."""
_LEAST = 1e-3
"""Stiffness of the object's surroundings over that of the hand, so that loose objects have a finite figure."""


def compliance(points: Tensor, share: Tensor) -> Tensor:
    """How far a force moves an object that is held at points (N, P, 3) [m] about its centre of mass (N,).

    Every contact is a spring, as stiff in all directions as its share (N, P) of one; the force is a unit along the axis
    in which it moves the centre farthest. 1: all contacts bear alike and none is a lever's length off.
    """
    arms = points / _LEVER
    zero = torch.zeros_like(share)
    x, y, z = arms.unbind(-1)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).unflatten(-1, (3, 3))  # (N, P, 3, 3)
    motion = torch.cat([torch.eye(3, device=points.device).expand_as(cross), -cross], -1)  # (N, P, 3, 6) of a point
    stiffness = torch.einsum("np,npik,npil->nkl", share, motion, motion)
    softness = torch.linalg.inv(stiffness + _LEAST * torch.eye(6, device=points.device))
    return softness[:, :3, :3].norm(dim=1).amax(1)
