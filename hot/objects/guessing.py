"""The turns that leave a solid's surface where it is, found by trying."""

from __future__ import annotations

import math
from typing import Iterator, List, Optional, Tuple

import numpy as np
import trimesh
from scipy.spatial import KDTree
from scipy.spatial.transform import Rotation

from hot.objects.shapes import SymmetryEntry, Turn
from hot.objects.symmetry import group_of

_TOLERANCE = 0.01
"""How far a turned surface may lie from itself, relative to the longest side."""
_PROBES, _POINTS, _FEW = 3000, 100_000, 50
_SEED = 20
_ORDERS = (6, 5, 4, 3, 2)
_SPINS = (0.37, 1.1, 2.3)
"""Angles that no finite group of these orders shares [rad]."""
_ALIKE = 0.03
"""Moments of inertia that differ less, relative to the largest, have no axes of their own."""
_STEPS = 24
"""Directions that are tried in a plane in which no axis is special."""


def guess_symmetry(mesh: trimesh.Trimesh) -> SymmetryEntry:
    """The turns of a closed mesh about its centre of mass that its surface does not show.

    After such a turn no point lies farther from the surface than 1 % of the longest side. Tried are spins and turns of
    order 2 to 6 about the principal axes, the axes of the mesh's frame and, where moments of inertia are alike,
    directions in between. What is doubtful is left out.
    """
    surface = _Surface(mesh)
    axes = list(_candidates(mesh))
    spins = [axis for axis in axes if all(surface.stays(axis, angle) for angle in _SPINS)]
    if any(abs(float(a @ spins[0])) < 0.9 for a in spins[1:]):
        return SymmetryEntry(spherical=True)
    if spins:
        across = _across(spins[0], mesh)
        flips = [Turn(axis=_point(axis), order=2) for axis in across if surface.stays(axis, math.pi)]
        return SymmetryEntry(axis=_point(spins[0]), turns=tuple(flips[:1]))
    return SymmetryEntry(turns=_closed_group([turn for axis in axes for turn in surface.turns(axis)]))


class _Surface:
    """Points of a surface, and how near they come to it when they are turned."""

    def __init__(self, mesh: trimesh.Trimesh) -> None:
        points = trimesh.sample.sample_surface(mesh, _POINTS, seed=_SEED)[0] - mesh.center_mass
        corners = np.asarray(mesh.vertices) - mesh.center_mass
        self._tree = KDTree(np.concatenate([points, corners]))
        self._probes = np.concatenate([corners[:: max(1, len(corners) // _PROBES)], points[:_PROBES]])
        gap = self._tree.query(points[:_PROBES], k=2)[0][:, 1].max()  # between points of the same surface
        self._limit = _TOLERANCE * float(mesh.extents.max()) + 0.5 * float(gap)

    def stays(self, axis: np.ndarray, angle: float) -> bool:
        """Whether a turn about an axis (3,) by an angle [rad] leaves the surface where it is."""
        turn = Rotation.from_rotvec(angle * axis)
        # A few probes settle most cases; beyond the limit no distance is asked for.
        for probes in (self._probes[::_FEW], self._probes):
            distance, _ = self._tree.query(turn.apply(probes), distance_upper_bound=self._limit)
            if not np.isfinite(distance).all():
                return False
        return True

    def turns(self, axis: np.ndarray) -> List[Turn]:
        """The finest turn about an axis (3,) that leaves the surface where it is, if there is one."""
        order = next((order for order in _ORDERS if self.stays(axis, 2 * math.pi / order)), None)
        return [] if order is None else [Turn(axis=_point(axis), order=order)]


def _candidates(mesh: trimesh.Trimesh) -> Iterator[np.ndarray]:
    """Unit axes (3,) about which a turn may leave the mesh unchanged."""
    moments, principal = np.linalg.eigh(mesh.moment_inertia)
    seen: List[np.ndarray] = []
    frame = list(np.eye(3))
    alike = np.diff(moments) < _ALIKE * moments[-1]
    between = [axis for i in range(2) if alike[i] for axis in _across(principal[:, 2 if i == 0 else 0], mesh)]
    for axis in (*frame, *principal.T, *between):
        if all(abs(float(axis @ other)) < 0.9999 for other in seen):
            seen.append(axis)
            yield axis


def _across(axis: np.ndarray, mesh: trimesh.Trimesh) -> Iterator[np.ndarray]:
    """Unit vectors (3,) perpendicular to an axis, the first towards the corner farthest from it."""
    corners = np.asarray(mesh.vertices) - mesh.center_mass
    aside = corners - np.outer(corners @ axis, axis)
    first = aside[int(np.linalg.norm(aside, axis=1).argmax())]
    first = first / np.linalg.norm(first)
    second = np.cross(axis, first)
    for angle in np.arange(_STEPS) * math.pi / _STEPS:
        yield math.cos(angle) * first + math.sin(angle) * second


def _closed_group(turns: List[Turn]) -> Tuple[Turn, ...]:
    """As many of the turns, the finest first, as generate a finite group with each other."""
    kept: List[Turn] = []
    size = 1
    for turn in sorted(turns, key=lambda turn: -turn.order):
        grown = _group_size([*kept, turn])
        if grown is not None and grown > size:
            kept, size = [*kept, turn], grown
    return tuple(kept)


def _group_size(turns: List[Turn]) -> Optional[int]:
    import torch

    from hot import rotations

    axes = torch.tensor([turn.axis for turn in turns], dtype=torch.float64)
    angles = torch.tensor([2 * math.pi / turn.order for turn in turns], dtype=torch.float64)
    try:
        return len(group_of(rotations.from_axis_angle(axes, angles)))
    except ValueError:
        return None


def _point(axis: np.ndarray) -> Tuple[float, float, float]:
    """The axis with small parts rounded away: a mesh is no more exact."""
    x, y, z = (0.0 if abs(value) < 1e-6 else float(value) for value in axis)
    return x, y, z
