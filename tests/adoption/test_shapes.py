"""Fitted primitives: what is a box, a capsule or a sphere comes back as itself; joined boxes fill the same space."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from hot.adoption.shapes import fit_colliders, surface_points, volume_of
from hot.physics.published import PublishedShape

PRIMITIVES = [("box", (0.01, 0.02, 0.03)), ("capsule", (0.01, 0.02)), ("sphere", (0.01,))]
lengths = st.floats(0.005, 0.08)
rotation_vectors = st.tuples(*[st.floats(-3, 3)] * 3)


def frame(vector=(0.0, 0.0, 0.0), place=(0.0, 0.0, 0.0)):
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = Rotation.from_rotvec(vector).as_matrix(), place
    return matrix


def mesh(points, pose=None):
    return PublishedShape("mesh", (), frame() if pose is None else pose, np.asarray(points), True)


def primitive(kind, size, pose=None):
    return PublishedShape(kind, tuple(size), frame() if pose is None else pose, np.zeros((0, 3)), True)


@settings(max_examples=25)
@given(half=st.tuples(lengths, lengths, lengths), turn=rotation_vectors)
def test_mesh_of_a_box_becomes_that_box(half, turn):
    pose = frame(turn, (0.01, -0.02, 0.03))
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * half
    (fitted,) = fit_colliders([mesh(corners, pose)])
    assert fitted.kind == "box"
    np.testing.assert_allclose(sorted(fitted.size), sorted(half), rtol=1e-3)
    np.testing.assert_allclose(fitted.frame[:3, 3], [0.01, -0.02, 0.03], atol=1e-4)


@settings(max_examples=15)
@given(radius=st.floats(0.005, 0.02), half=st.floats(0.02, 0.05), turn=rotation_vectors)
def test_mesh_of_a_capsule_becomes_that_capsule(radius, half, turn):
    points = trimesh.creation.capsule(height=2 * half, radius=radius, count=[16, 16]).vertices
    points = points - points.mean(axis=0)
    (fitted,) = fit_colliders([mesh(points, frame(turn))])
    assert fitted.kind == "capsule"
    np.testing.assert_allclose(fitted.size, [radius, half], rtol=0.08)
    assert abs(fitted.frame[:3, 2] @ frame(turn)[:3, 2]) > 0.98


def test_mesh_of_a_ball_becomes_a_sphere():
    (fitted,) = fit_colliders([mesh(trimesh.creation.icosphere(subdivisions=3, radius=0.02).vertices)])
    assert (fitted.kind, fitted.size) == ("sphere", pytest.approx((0.02,), rel=0.02))


@pytest.mark.parametrize(("kind", "size"), [("cylinder", (0.01, 0.04)), ("ellipsoid", (0.01, 0.011, 0.03))])
def test_long_round_shapes_become_capsules_along_their_axis(kind, size):
    (fitted,) = fit_colliders([primitive(kind, size, frame((0.4, -0.3, 1.0)))])
    assert fitted.kind == "capsule"
    assert abs(fitted.frame[:3, 2] @ frame((0.4, -0.3, 1.0))[:3, 2]) > 0.98
    length = fitted.size[0] + fitted.size[1]
    assert length == pytest.approx(max(size), rel=0.1)


@pytest.mark.parametrize(("kind", "size"), PRIMITIVES)
def test_primitives_stay_as_they_are(kind, size):
    pose = frame((0.1, 0.2, 0.3), (1, 2, 3))
    (kept,) = fit_colliders([primitive(kind, size, pose)])
    assert (kept.kind, kept.size) == (kind, size)
    np.testing.assert_array_equal(kept.frame, pose)


@pytest.mark.filterwarnings("error")
def test_flat_mesh_becomes_a_thin_box():
    corners = [[0, 0, 0], [0.04, 0, 0], [0.04, 0.02, 0], [0, 0.02, 0]]
    (fitted,) = fit_colliders([mesh(corners, frame((0.3, 0.2, 0.1)))])
    assert fitted.kind == "box"
    np.testing.assert_allclose(sorted(fitted.size), [0.001, 0.01, 0.02], atol=1e-6)


def test_two_halves_of_a_box_are_joined():
    halves = [primitive("box", (0.01, 0.02, 0.03), frame(place=(x, 0, 0))) for x in (-0.01, 0.01)]
    (joined,) = fit_colliders(halves)
    np.testing.assert_allclose(sorted(joined.size), [0.02, 0.02, 0.03], atol=1e-9)
    np.testing.assert_allclose(joined.frame[:3, 3], 0, atol=1e-9)


def test_an_angle_of_two_boxes_stays_two_boxes():
    angle = [primitive("box", (0.04, 0.005, 0.01)), primitive("box", (0.005, 0.04, 0.01), frame(place=(0.04, 0.04, 0)))]
    assert len(fit_colliders(angle)) == 2


def test_what_lies_inside_another_shape_is_left_out():
    (kept,) = fit_colliders([primitive("sphere", (0.01,)), primitive("capsule", (0.02, 0.01))])
    assert kept.kind == "capsule"


def test_rims_and_screws_are_left_out():
    link, rim = (
        primitive("box", (0.02, 0.02, 0.02)),
        primitive("box", (0.02, 0.002, 0.001), frame(place=(0, 0.02, 0.021))),
    )
    (kept,) = fit_colliders([rim, link])
    assert kept.size == (0.02, 0.02, 0.02)


@pytest.mark.parametrize(("kind", "size"), PRIMITIVES)
def test_surface_points_lie_on_the_surface(kind, size):
    (collider,) = fit_colliders([primitive(kind, size, frame((0.1, 0.5, -0.2), (0.1, 0, 0)))])
    local = (surface_points(collider) - collider.frame[:3, 3]) @ collider.frame[:3, :3]
    if kind == "box":
        np.testing.assert_allclose((np.abs(local) / size).max(axis=1), 1, atol=1e-9)
    else:
        half = size[1] if kind == "capsule" else 0.0
        spine = np.stack([0 * local[:, 0], 0 * local[:, 0], np.clip(local[:, 2], -half, half)], axis=1)
        np.testing.assert_allclose(np.linalg.norm(local - spine, axis=1), size[0], atol=1e-9)


def test_volumes_in_closed_form():
    assert volume_of(primitive("capsule", (0.01, 0.02))) == pytest.approx(np.pi * 1e-4 * 0.04 + 4 / 3 * np.pi * 1e-6)
    assert volume_of(primitive("cylinder", (0.01, 0.02))) == pytest.approx(np.pi * 1e-4 * 0.04, rel=0.01)
