"""Solids that make one convex piece each, and what every kind of part shares: a place and a colour."""

from __future__ import annotations

import math
from typing import List, Tuple

import numpy as np
import torch
import trimesh
from pydantic import Field, field_validator
from typing_extensions import Annotated, Literal

from hot import rotations
from hot.config import Config

Point = Tuple[float, float, float]
Length = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]

POLYGON_SIDES = 16
"""Sides of the prisms that stand for round parts."""


class Part(Config):
    """A solid of one or several convex pieces, placed in the file's frame: turned about its own centre, then moved."""

    position: Point = (0.0, 0.0, 0.0)
    """Place of the part's centre [m]."""
    rotation_deg: Point = (0.0, 0.0, 0.0)
    """Intrinsic x-y-z angles [deg]."""
    colour: Tuple[Fraction, Fraction, Fraction, Fraction] = (0.6, 0.6, 0.6, 1.0)
    """Red, green, blue, opacity."""

    def local_pieces(self) -> List[np.ndarray]:
        """Corners (V, 3) [m] of each convex piece before placement."""
        raise NotImplementedError

    def pieces(self) -> List[np.ndarray]:
        """Corners (V, 3) [m] of each convex piece in the file's frame, float64."""
        quat = rotations.from_euler(torch.deg2rad(torch.tensor(self.rotation_deg, dtype=torch.float64)))
        turned = [rotations.rotate(quat, torch.from_numpy(piece)) for piece in self.local_pieces()]
        return [piece.numpy() + np.asarray(self.position) for piece in turned]


class BoxPart(Part):
    """A cuboid about its centre."""

    kind: Literal["box"]
    size: Tuple[Length, Length, Length]
    """Edges along x, y, z [m]."""

    def local_pieces(self) -> List[np.ndarray]:
        corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=np.float64)
        return [0.5 * corners * np.asarray(self.size)]


class CylinderPart(Part):
    """A cylinder along z about its centre."""

    kind: Literal["cylinder"]
    radius: Length
    length: Length

    def local_pieces(self) -> List[np.ndarray]:
        return [_prism(self.radius, self.radius, self.length)]


class FrustumPart(Part):
    """A truncated cone along z; a top radius of 0 makes a cone. The centre is half way up."""

    kind: Literal["frustum"]
    radii: Tuple[Length, Annotated[float, Field(ge=0)]]
    """Radius at the bottom (-z) and at the top [m]."""
    length: Length

    def local_pieces(self) -> List[np.ndarray]:
        return [_prism(self.radii[0], self.radii[1], self.length)]


class EllipsoidPart(Part):
    """An ellipsoid about its centre; three equal semi-axes make a ball."""

    kind: Literal["ellipsoid"]
    semi_axes: Tuple[Length, Length, Length]
    """Along x, y, z [m]."""

    def local_pieces(self) -> List[np.ndarray]:
        """A geodesic polyhedron of 42 corners and of the ellipsoid's volume."""
        sphere = trimesh.creation.icosphere(subdivisions=1)
        equal_volume = (4.0 / 3.0 * math.pi / sphere.volume) ** (1.0 / 3.0)
        return [equal_volume * np.asarray(sphere.vertices) * np.asarray(self.semi_axes)]


class HullPart(Part):
    """The convex hull of points."""

    kind: Literal["hull"]
    points: Annotated[List[Point], Field(min_length=4)]

    @field_validator("points")
    @classmethod
    def _span_a_volume(cls, points: List[Point]) -> List[Point]:
        offsets = np.asarray(points) - np.mean(points, axis=0)
        if np.linalg.matrix_rank(offsets, tol=1e-6) < 3:
            raise ValueError("the points lie in one plane")
        return points

    def local_pieces(self) -> List[np.ndarray]:
        return [np.asarray(self.points, dtype=np.float64)]


def equal_area(angle: float) -> float:
    """Corner radius of a regular polygon whose sides span ``angle`` [rad], relative to the circle of the same area."""
    return math.sqrt(angle / math.sin(angle))


def _prism(bottom: float, top: float, length: float) -> np.ndarray:
    """Regular polygons of the same area as the circles they stand for, so volume and inertia agree to 0.02 %."""
    angle = 2 * math.pi / POLYGON_SIDES
    turn = angle * np.arange(POLYGON_SIDES)
    ring = equal_area(angle) * np.stack([np.cos(turn), np.sin(turn), np.zeros_like(turn)], axis=1)
    half = np.array([0.0, 0.0, 0.5 * length])
    upper = top * ring + half if top > 0 else half[None]
    return np.concatenate([bottom * ring - half, upper])
