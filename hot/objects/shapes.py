"""What an object file may say: solids with places, a mass, and the turns that leave the shape unchanged."""

from __future__ import annotations

import math
from typing import List, Optional, Tuple, Union

import numpy as np
from pydantic import Field, field_validator
from typing_extensions import Annotated

from hot.config import Config
from hot.objects.corners import COUNT, Corners
from hot.objects.geometry import SURFACE_POINTS, Solid
from hot.objects.parts import BoxPart, CylinderPart, EllipsoidPart, FrustumPart, HullPart, Point
from hot.objects.revolved import ArcPart, RingPart


class Turn(Config):
    """A rotation by 360 deg / order about an axis through the centre of mass that leaves the shape unchanged."""

    axis: Point
    order: Annotated[int, Field(ge=2, le=60)]

    @field_validator("axis")
    @classmethod
    def _has_direction(cls, axis: Point) -> Point:
        return _unit(axis)


class SymmetryEntry(Config):
    """Which rotations leave the shape unchanged."""

    axis: Optional[Point] = None
    """Any spin about this axis through the centre of mass."""
    turns: Tuple[Turn, ...] = ()
    """Generators of the discrete rotation group."""
    spherical: bool = False
    """Every rotation: a ball."""

    @field_validator("axis")
    @classmethod
    def _has_direction(cls, axis: Optional[Point]) -> Optional[Point]:
        return None if axis is None else _unit(axis)


AnyPart = Annotated[
    Union[BoxPart, CylinderPart, FrustumPart, EllipsoidPart, HullPart, RingPart, ArcPart], Field(discriminator="kind")
]


_FarApart = Annotated[List[Point], Field(min_length=COUNT, max_length=COUNT)]


class CornersEntry(Config):
    """Corners of the mesh that lie far apart [m]; see :class:`hot.objects.corners.Corners`."""

    from_origin: _FarApart
    from_first: _FarApart

    def facts(self) -> Corners:
        """The same as arrays."""
        return Corners(np.asarray(self.from_origin), np.asarray(self.from_first))


class SolidEntry(Config):
    """The solid itself, where the parts only approximate it, as those of a mesh do. All in the file's frame."""

    centre_of_mass: Point
    """[m]"""
    inertia: Tuple[float, float, float, float, float, float]
    """Entries xx, yy, zz, xy, xz, yz of the inertia about the centre of mass [kg m2]."""
    surface_points: List[Point]
    """Points of the surface [m], the first 20 of them spread, the others uniform by area."""

    corners: Optional[CornersEntry] = None
    """Of the mesh; None takes those of the parts."""

    @field_validator("inertia")
    @classmethod
    def _is_of_a_body(cls, inertia: Tuple[float, ...]) -> Tuple[float, ...]:
        low, middle, high = np.linalg.eigvalsh(_matrix(inertia))
        if not (low > 0 and high <= (low + middle) * (1 + 1e-3)):
            raise ValueError("no solid body has such an inertia")
        return inertia

    @field_validator("surface_points")
    @classmethod
    def _are_all(cls, points: List[Point]) -> List[Point]:
        if len(points) != SURFACE_POINTS:
            raise ValueError(f"{SURFACE_POINTS} points are needed, not {len(points)}")
        return points

    def facts(self) -> Solid:
        """The same as arrays."""
        points = np.asarray(self.surface_points)
        corners = None if self.corners is None else self.corners.facts()
        return Solid(np.asarray(self.centre_of_mass), _matrix(self.inertia), points, corners)


class ObjectFile(Config):
    """The whole file; its stem is the object's name.

    Parts must not overlap, or their common volume counts twice, unless ``solid`` says where the mass lies.
    """

    mass: Annotated[float, Field(gt=0)]
    """[kg]"""
    parts: Annotated[List[AnyPart], Field(min_length=1)]
    symmetry: SymmetryEntry = SymmetryEntry()
    solid: Optional[SolidEntry] = None


def _matrix(inertia: Tuple[float, ...]) -> np.ndarray:
    xx, yy, zz, xy, xz, yz = inertia
    return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])


def _unit(axis: Point) -> Point:
    length = math.sqrt(sum(a * a for a in axis))
    if length < 1e-6:
        raise ValueError("an axis needs a direction")
    return axis[0] / length, axis[1] / length, axis[2] / length
