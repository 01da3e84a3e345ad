"""Facts of one object, in a frame whose origin is the centre of mass."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Tuple

import numpy as np
import trimesh
from torch import Tensor

from hot.objects.corners import Corners
from hot.objects.symmetry import Symmetry

__all__ = ["Colour", "ObjectSpec", "Symmetry"]

Colour = Tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class ObjectSpec:
    """A rigid solid, made of convex parts or approximated by them. The frame's origin is the centre of mass."""

    name: str
    mesh: trimesh.Trimesh
    """All parts as one coloured mesh, for drawing; faces where parts touch are still in it."""
    parts: Tuple[np.ndarray, ...]
    """Corners (V, 3) float64 [m] of each convex part."""
    colours: Tuple[Colour, ...]
    """Red, green, blue, opacity in [0, 1] of each part."""
    mass: float
    """[kg]"""
    inertia: np.ndarray
    """About the centre of mass in the object frame (3, 3) float64 [kg m2]."""
    symmetry: Symmetry
    surface_points: Tensor
    """Points on the solid's outer surface (200, 3) float32 [m]: first 20 spread by farthest-point sampling, then
    180 uniform by area. The same on every load."""
    radius: float
    """Largest distance of any point of the object from its origin [m]."""
    half_spaces: Tensor
    """Outward unit normals and offsets (parts, faces, 4) float64 of each part; short parts repeat a face."""
    corners: Corners
    """Of the mesh that the object was made of, or of its parts where there was none: what policies of the original
    release see of it."""

    def scaled(self, factor: float) -> ObjectSpec:
        """The same object of the same density, ``factor`` times as large; the name stays."""
        mesh = self.mesh.copy()
        mesh.apply_scale(factor)
        planes = self.half_spaces.clone()
        planes[..., 3] *= factor
        return replace(
            self,
            mesh=mesh,
            parts=tuple(part * factor for part in self.parts),
            mass=self.mass * factor**3,
            inertia=self.inertia * factor**5,
            surface_points=self.surface_points * factor,
            radius=self.radius * factor,
            half_spaces=planes,
            corners=self.corners.scaled(factor),
        )

    def signed_distance(self, points_o: Tensor) -> Tensor:
        """Distance (...) [m] of points (..., 3) in the object frame to the surface, negative inside.

        The largest over a part's faces, the smallest over parts. Its magnitude never exceeds the true
        distance: it is exact inside a single part and beside its faces, a lower bound beyond edges and
        corners, and too shallow near an inner wall where two parts touch. Differentiable almost everywhere.
        """
        planes = self.half_spaces.to(points_o)
        heights = points_o[..., None, None, :].mul(planes[..., :3]).sum(-1) - planes[..., 3]
        return heights.amax(-1).amin(-1)
