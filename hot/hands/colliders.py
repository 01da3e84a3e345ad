"""Points on the surfaces of collision shapes, for cheap checks against the table or an object."""

from __future__ import annotations

import itertools
from typing import Callable, Dict, Sequence, Tuple

import torch
from torch import Tensor

from hot import rotations
from hot.hands.tree import ColliderSpec

_CUBE = torch.tensor(
    [p for p in itertools.product((-1.0, 0.0, 1.0), repeat=3) if abs(p[0]) + abs(p[1]) + abs(p[2]) in (1.0, 3.0)],
    dtype=torch.float64,
)
"""Corners and face centres of the cube of half edge 1 (14, 3)."""


def sample_surfaces(colliders: Sequence[ColliderSpec]) -> Tuple[Tensor, Tensor]:
    """Fourteen points on each of G shapes in its body's frame (G, 14, 3) [m] (float64), and the shapes' bodies (G,)."""
    points = [rotations.rotate(c.quat, _SAMPLERS[c.shape](c.size)) + c.pos for c in colliders]
    return torch.stack(points), torch.tensor([c.body for c in colliders])


def _sample_box(size: Sequence[float]) -> Tensor:
    return _CUBE * torch.tensor(size, dtype=torch.float64)


def _sample_sphere(size: Sequence[float]) -> Tensor:
    return _CUBE / _CUBE.norm(dim=1, keepdim=True) * size[0]


def _sample_capsule(size: Sequence[float]) -> Tensor:
    """Two poles and three rings of four."""
    radius, half = size
    rings = [(radius * x, radius * y, half * z) for x, y in ((1, 0), (0, 1), (-1, 0), (0, -1)) for z in (-1, 0, 1)]
    poles = [(0.0, 0.0, half + radius), (0.0, 0.0, -half - radius)]
    return torch.tensor(rings + poles, dtype=torch.float64)


_SAMPLERS: Dict[str, Callable[[Sequence[float]], Tensor]] = {
    "box": _sample_box,
    "sphere": _sample_sphere,
    "capsule": _sample_capsule,
}
