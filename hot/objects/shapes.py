"""What an object file may say: convex primitives with places, a mass, and the turns that leave the shape unchanged."""

from __future__ import annotations

import math
from typing import List, Optional, Tuple, Union

import numpy as np
import torch
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
    """A solid convex piece, placed in the file's frame: turned about its own centre, then moved."""

    position: Point = (0.0, 0.0, 0.0)
    """Place of the piece's centre [m]."""
    rotation_deg: Point = (0.0, 0.0, 0.0)
    """Intrinsic x-y-z angles [deg]."""
    colour: Tuple[Fraction, Fraction, Fraction, Fraction] = (0.6, 0.6, 0.6, 1.0)
    """Red, green, blue, opacity."""

    def local_vertices(self) -> np.ndarray:
        """Corners (V, 3) [m] before placement."""
        raise NotImplementedError

    def vertices(self) -> np.ndarray:
        """Corners (V, 3) [m] in the file's frame, float64."""
        quat = rotations.from_euler(torch.deg2rad(torch.tensor(self.rotation_deg, dtype=torch.float64)))
        turned = rotations.rotate(quat, torch.from_numpy(self.local_vertices()))
        return turned.numpy() + np.asarray(self.position)


class BoxPart(Part):
    """A cuboid about its centre."""

    kind: Literal["box"]
    size: Tuple[Length, Length, Length]
    """Edges along x, y, z [m]."""

    def local_vertices(self) -> np.ndarray:
        corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=np.float64)
        return 0.5 * corners * np.asarray(self.size)


class CylinderPart(Part):
    """A cylinder along z about its centre."""

    kind: Literal["cylinder"]
    radius: Length
    length: Length

    def local_vertices(self) -> np.ndarray:
        return _prism(self.radius, self.radius, self.length)


class FrustumPart(Part):
    """A truncated cone along z; a top radius of 0 makes a cone. The centre is half way up."""

    kind: Literal["frustum"]
    radii: Tuple[Length, Annotated[float, Field(ge=0)]]
    """Radius at the bottom (-z) and at the top [m]."""
    length: Length

    def local_vertices(self) -> np.ndarray:
        return _prism(self.radii[0], self.radii[1], self.length)


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

    def local_vertices(self) -> np.ndarray:
        return np.asarray(self.points, dtype=np.float64)


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

    @field_validator("axis")
    @classmethod
    def _has_direction(cls, axis: Optional[Point]) -> Optional[Point]:
        return None if axis is None else _unit(axis)


AnyPart = Annotated[Union[BoxPart, CylinderPart, FrustumPart, HullPart], Field(discriminator="kind")]


class ObjectFile(Config):
    """The whole file; its stem is the object's name. Parts must not overlap, or their common volume counts twice."""

    mass: Annotated[float, Field(gt=0)]
    """[kg]"""
    parts: Annotated[List[AnyPart], Field(min_length=1)]
    symmetry: SymmetryEntry = SymmetryEntry()


def _unit(axis: Point) -> Point:
    length = math.sqrt(sum(a * a for a in axis))
    if length < 1e-6:
        raise ValueError("an axis needs a direction")
    return axis[0] / length, axis[1] / length, axis[2] / length


def _prism(bottom: float, top: float, length: float) -> np.ndarray:
    """Regular polygons of the same area as the circles they stand for, so volume and inertia agree to 0.02 %."""
    angle = 2 * math.pi / POLYGON_SIDES
    equal_area = math.sqrt(angle / math.sin(angle))
    turn = angle * np.arange(POLYGON_SIDES)
    ring = equal_area * np.stack([np.cos(turn), np.sin(turn), np.zeros_like(turn)], axis=1)
    half = np.array([0.0, 0.0, 0.5 * length])
    upper = top * ring + half if top > 0 else half[None]
    return np.concatenate([bottom * ring - half, upper])
