"""Corners of a mesh that lie far apart, as the original release picks them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

COUNT = 20


@dataclass(frozen=True, eq=False)
class Corners:
    """Two picks of a mesh's corners, each greedy: the next corner is the one farthest from those before.

    Both are (20, 3) float64 [m] in the object's frame.
    """

    from_origin: np.ndarray
    """The origin of the mesh's own frame, which need not be a corner, then 19 corners."""
    from_first: np.ndarray
    """The mesh's first corner, then 19 others."""

    @property
    def origin(self) -> np.ndarray:
        """Where the mesh's own frame has its origin (3,) [m]."""
        return self.from_origin[0]

    def scaled(self, factor: float) -> Corners:
        """Those of a mesh ``factor`` times as large."""
        return Corners(self.from_origin * factor, self.from_first * factor)

    def moved(self, offset: np.ndarray) -> Corners:
        """Those of a mesh moved by (3,) [m]."""
        return Corners(self.from_origin + offset, self.from_first + offset)


def pick_corners(vertices: np.ndarray, origin: np.ndarray) -> Corners:
    """Pick among the corners (V, 3) of a mesh whose own frame has its origin at (3,) [m]."""
    return Corners(_farthest(vertices, origin), _farthest(vertices, vertices[0]))


def _farthest(vertices: np.ndarray, first: np.ndarray) -> np.ndarray:
    chosen = [np.asarray(first, dtype=np.float64)]
    nearest = np.full(len(vertices), np.inf)
    while len(chosen) < COUNT:
        nearest = np.minimum(nearest, np.linalg.norm(vertices - chosen[-1], axis=1))
        chosen.append(np.asarray(vertices[int(nearest.argmax())], dtype=np.float64))
    return np.stack(chosen)
