"""Closed forms of the parts that are hollow or bent."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.spatial import ConvexHull

from hot.errors import BadFileError
from hot.objects import load_object
from hot.objects.parts import EllipsoidPart
from hot.objects.revolved import ArcPart, RingPart

radii = st.floats(0.01, 0.05)
walls = st.floats(0.008, 0.02)


def volume(part):
    return sum(ConvexHull(piece).volume for piece in part.pieces())


def spec_of(tmp_path, part, mass=1.0):
    path = tmp_path / "thing.yaml"
    path.write_text(f"mass: {mass}\nparts:\n- {part}\n")
    return load_object(path)


@given(radii, radii, walls, walls, st.floats(0.01, 0.1), st.integers(6, 16))
def test_a_ring_has_the_volume_between_two_frusta(bottom, top, wall_below, wall_above, length, sectors):
    ring = RingPart(
        kind="ring", inner=(bottom, top), outer=(bottom + wall_below, top + wall_above), length=length, sectors=sectors
    )

    def frustum(a, b):
        return math.pi / 3 * length * (a * a + a * b + b * b)

    expected = frustum(bottom + wall_below, top + wall_above) - frustum(bottom, top)
    assert volume(ring) == pytest.approx(expected)
    assert len(ring.pieces()) == sectors


@given(st.floats(0.03, 0.1), st.floats(0.004, 0.02), st.floats(20, 360), st.integers(4, 16), st.integers(4, 12))
def test_a_bent_bar_has_pappus_volume(bend, radius, span, segments, sides):
    arc = ArcPart(kind="arc", bend=bend, radii=[radius], span_deg=span, segments=segments, sides=sides)
    assert volume(arc) == pytest.approx(math.pi * radius**2 * math.radians(span) * bend)


@given(st.tuples(radii, radii, radii))
def test_an_ellipsoid_has_its_volume(semi_axes):
    part = EllipsoidPart(kind="ellipsoid", semi_axes=semi_axes)
    assert volume(part) == pytest.approx(4 / 3 * math.pi * math.prod(semi_axes))


def test_a_pipe_has_the_closed_form_inertia(tmp_path):
    pipe = spec_of(tmp_path, "{kind: ring, inner: [0.03, 0.03], outer: [0.04, 0.04], length: 0.1, sectors: 16}", 2.0)
    square = 0.03**2 + 0.04**2
    across = 2 / 12 * (3 * square + 0.1**2)
    np.testing.assert_allclose(pipe.inertia, np.diag([across, across, square]), rtol=5e-3, atol=1e-9)


def test_a_torus_has_the_closed_form_inertia(tmp_path):
    torus = spec_of(tmp_path, "{kind: arc, bend: 0.05, radii: [0.01], segments: 16, sides: 16}", 2.0)
    along, across = 2 * (0.05**2 + 0.75 * 0.01**2), 2 * (0.5 * 0.05**2 + 0.625 * 0.01**2)
    np.testing.assert_allclose(torus.inertia, np.diag([across, across, along]), rtol=2e-2, atol=1e-9)


def test_a_tapered_arc_is_as_thick_as_asked_at_its_places():
    arc = ArcPart(kind="arc", bend=0.09, radii=[0.005, 0.015, 0.010], span_deg=90, segments=4, sides=16)
    pieces = arc.pieces()
    thickest = [np.ptp(piece[:, 2]) / 2 for piece in pieces]
    np.testing.assert_allclose(thickest, [0.010, 0.015, 0.015, 0.0125], rtol=0.02)
    ends = pieces[0][:16], pieces[-1][16:]
    np.testing.assert_allclose([np.degrees(np.arctan2(e[:, 1], e[:, 0])).mean() for e in ends], [-45, 45], atol=1e-9)


def test_inside_a_cup_is_outside_the_solid():
    mug = load_object("Mug")
    low = mug.mesh.bounds[0]
    middle = mug.half_spaces.new_tensor([0.0, 0.0, 0.0])
    middle[0] = float(low[0]) + 0.039
    inside = mug.signed_distance(middle)
    assert float(inside) == pytest.approx(0.0305, abs=0.002)
    wall = middle.clone()
    wall[1] += 0.0348
    assert float(mug.signed_distance(wall)) < -0.003
    points = middle.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(mug.signed_distance(points), points)
    assert float(gradient.norm()) == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["Bowl", "Mug", "Cup", "Basket", "Wineglass", "Pan", "Torus"])
def test_hollow_objects_fill_far_less_than_their_hull(name):
    spec = load_object(name)
    assert spec.mesh.volume < 0.75 * ConvexHull(np.concatenate(spec.parts)).volume


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: RingPart(kind="ring", inner=(0.03, 0.03), outer=(0.03, 0.04), length=0.1), "no thickness"),
        (
            lambda: RingPart(kind="ring", inner=(0.03, 0.03), outer=(0.031, 0.031), length=0.1, sectors=4),
            "no thickness",
        ),
        (lambda: ArcPart(kind="arc", bend=0.01, radii=[0.02], segments=4), "smaller than bend"),
        (lambda: ArcPart(kind="arc", bend=0.1, radii=[0.02], segments=2), "more segments"),
    ],
)
def test_shapes_that_cannot_be_are_refused(make, problem):
    with pytest.raises(ValidationError, match=problem):
        make()


POINTS = "[" + ", ".join(["[0, 0, 0]"] * 200) + "]"


@pytest.mark.parametrize(
    ("solid", "problem"),
    [
        (f"{{centre_of_mass: [0, 0, 0], inertia: [1, 1, 3, 0, 0, 0], surface_points: {POINTS}}}", "solid.inertia"),
        (f"{{centre_of_mass: [0, 0, 0], inertia: [1, 1, 0, 0, 0, 0], surface_points: {POINTS}}}", "solid.inertia"),
        ("{centre_of_mass: [0, 0, 0], inertia: [1, 1, 1, 0, 0, 0], surface_points: []}", "200 points are needed"),
    ],
)
def test_facts_of_a_solid_that_cannot_be_are_refused(tmp_path, solid, problem):
    path = tmp_path / "thing.yaml"
    path.write_text(f"mass: 1\nparts:\n- {{kind: box, size: [1, 1, 1]}}\nsolid: {solid}\n")
    with pytest.raises(BadFileError, match=problem):
        load_object(path)


def test_facts_of_a_solid_stand_in_for_those_of_its_parts(tmp_path):
    points = "[" + ", ".join(["[0.5, 0, 0]"] * 200) + "]"
    path = tmp_path / "thing.yaml"
    path.write_text(
        "mass: 2\nparts:\n- {kind: box, size: [1, 1, 1]}\n"
        f"solid: {{centre_of_mass: [0.1, 0, 0], inertia: [1, 2, 2.5, 0.1, 0.2, 0.3], surface_points: {points}}}\n"
    )
    spec = load_object(path)
    np.testing.assert_allclose(spec.mesh.bounds, [[-0.6, -0.5, -0.5], [0.4, 0.5, 0.5]])
    np.testing.assert_allclose(spec.inertia, [[1, 0.1, 0.2], [0.1, 2, 0.3], [0.2, 0.3, 2.5]])
    torch.testing.assert_close(spec.surface_points, torch.tensor([[0.4, 0.0, 0.0]]).expand(200, 3))
