"""Hollow and bent solids, cut into convex pieces by half-planes through an axis."""

from __future__ import annotations

import math
from typing import List, Tuple

import numpy as np
from pydantic import Field, model_validator
from typing_extensions import Annotated, Literal

from hot.objects.parts import Length, Part, equal_area


class RingPart(Part):
    """The wall of a cup: a (conical) shell along z, one convex piece a sector. The centre is half way up.

    Every horizontal section has the area of the round ring, so the volume is that of the difference of two frusta.
    """

    kind: Literal["ring"]
    inner: Tuple[Length, Length]
    """Inner radius at the bottom (-z) and at the top [m]."""
    outer: Tuple[Length, Length]
    """Outer radius at the bottom and at the top [m]."""
    length: Length
    sectors: Annotated[int, Field(ge=4, le=16)] = 8
    """Convex pieces; the outside has twice as many sides, the inside as many."""

    @model_validator(mode="after")
    def _has_a_wall(self) -> RingPart:
        inside, outside = (equal_area(angle) for angle in (self._angle, 0.5 * self._angle))
        if any(inside * i >= outside * o for i, o in zip(self.inner, self.outer)):
            raise ValueError("the wall has no thickness; widen outer, narrow inner or take more sectors")
        return self

    @property
    def _angle(self) -> float:
        return 2 * math.pi / self.sectors

    def local_pieces(self) -> List[np.ndarray]:
        inside, outside = (equal_area(angle) for angle in (self._angle, 0.5 * self._angle))
        inner = [(inside * radius, z) for radius, z in zip(self.inner, self._heights)]
        outer = [(outside * radius, z) for radius, z in zip(self.outer, self._heights)]
        ends = self._angle * np.arange(self.sectors + 1)
        return [
            np.concatenate([_at(a, inner + outer), _at(b, inner + outer), _at(0.5 * (a + b), outer)])
            for a, b in zip(ends[:-1], ends[1:])
        ]

    @property
    def _heights(self) -> Tuple[float, float]:
        return -0.5 * self.length, 0.5 * self.length


class ArcPart(Part):
    """A round bar bent along a circle about z: a handle, a banana, a torus.

    It lies in the x-y plane, the circle's centre at the part's own, its middle on +x. A bar of one thickness has the
    volume of Pappus' theorem: section times length of the centre line.
    """

    kind: Literal["arc"]
    bend: Length
    """Radius of the centre line [m]."""
    radii: Annotated[List[Length], Field(min_length=1, max_length=32)]
    """Radius of the bar [m], at places evenly spaced from one end (-y) to the other; linear between them."""
    span_deg: Annotated[float, Field(gt=0, le=360)] = 360.0
    """Angle that the bar spans [deg]; 360 closes it."""
    segments: Annotated[int, Field(ge=1, le=16)]
    """Convex pieces."""
    sides: Annotated[int, Field(ge=3, le=16)] = 8
    """Of the bar's section."""

    @model_validator(mode="after")
    def _leaves_a_hole(self) -> ArcPart:
        if max(self.radii) * equal_area(2 * math.pi / self.sides) >= self.bend:
            raise ValueError("radii must be smaller than bend")
        if self.span_deg > 120 * self.segments:
            raise ValueError("a segment spans more than 120 deg; take more segments")
        return self

    def local_pieces(self) -> List[np.ndarray]:
        span = math.radians(self.span_deg)
        angles = np.linspace(-0.5 * span, 0.5 * span, self.segments + 1)
        radii = np.interp(np.linspace(0, 1, self.segments + 1), np.linspace(0, 1, len(self.radii)), self.radii)
        ends = [_at(angle, self._section(radius)) for angle, radius in zip(angles, radii)]
        return [np.concatenate(pair) for pair in zip(ends[:-1], ends[1:])]

    def _section(self, radius: float) -> List[Tuple[float, float]]:
        """Distance from the axis and height of the section's corners, outward so far that chords enclose what arcs
        would."""
        wider = equal_area(math.radians(self.span_deg) / self.segments)
        turns = 2 * math.pi / self.sides * (np.arange(self.sides) + 0.5)
        corner = radius * equal_area(2 * math.pi / self.sides)
        return [(wider * (self.bend + corner * math.cos(t)), corner * math.sin(t)) for t in turns]


def _at(angle: float, section: List[Tuple[float, float]]) -> np.ndarray:
    """Points (V, 3) of a section, given as distances from the z axis and heights, turned about the axis."""
    return np.array([(rho * math.cos(angle), rho * math.sin(angle), z) for rho, z in section])
