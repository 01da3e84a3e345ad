"""Angles up to symmetry: laws for every object, and numbers worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hot import rotations
from hot.objects import load_object, packaged_names

SPECS = {name: load_object(name) for name in packaged_names()}
objects = st.sampled_from(sorted(SPECS))
seeds = st.integers(0, 2**31)


def turn(axis, degrees):
    return rotations.from_axis_angle(torch.tensor(axis, dtype=torch.float64), torch.tensor(math.radians(degrees)))


def random_quats(seed, count):
    return rotations.normalize(rotations.random((count,), torch.Generator().manual_seed(seed)).double())


@pytest.mark.parametrize(
    ("name", "order"), [("Bottle", 1), ("Box", 24), ("Dumbbell", 12), ("Hammer", 1), ("Pyramid", 4), ("Sword", 2)]
)
def test_group_orders(name, order):
    members = SPECS[name].symmetry.rotations
    assert members.shape == (order, 4)
    torch.testing.assert_close(members[0], torch.tensor([1.0, 0, 0, 0]))


def test_a_declared_axis_is_an_axis_of_the_inertia():
    """Two of the moments about it are the same, and it is the third's axis."""
    round_ones = [(spec, spec.symmetry.axis) for spec in SPECS.values() if spec.symmetry.axis is not None]
    assert {"Bottle", "Bowl", "Torus"} <= {spec.name for spec, _ in round_ones}
    for spec, free in round_ones:
        axis = free.double().numpy()
        along = axis @ spec.inertia @ axis
        across = 0.5 * (np.trace(spec.inertia) - along)
        expected = along * np.outer(axis, axis) + across * (np.eye(3) - np.outer(axis, axis))
        np.testing.assert_allclose(spec.inertia, expected, atol=2e-3 * np.trace(spec.inertia))


@pytest.mark.parametrize("name", sorted(SPECS))
def test_every_member_maps_the_corners_onto_corners(name):
    corners = torch.from_numpy(np.concatenate(SPECS[name].parts))
    for member in SPECS[name].symmetry.rotations.double():
        turned = rotations.rotate(rotations.normalize(member), corners)
        assert torch.cdist(turned, corners).amin(-1).max() < 1e-7


@given(objects, seeds)
def test_a_symmetric_pose_is_at_angle_zero(name, seed):
    symmetry = SPECS[name].symmetry
    quat = random_quats(seed, 1)
    twins = rotations.multiply(quat, symmetry.rotations.double())
    if symmetry.spherical:
        twins = random_quats(seed + 1, 5)
    if symmetry.axis is not None:
        twins = rotations.multiply(
            twins, rotations.from_axis_angle(symmetry.axis.double(), torch.tensor([2.0]).double())
        )
    assert symmetry.angle(twins, quat).max() < 1e-6


@given(objects, seeds)
def test_the_angle_is_symmetric_frame_free_and_never_above_the_geodesic(name, seed):
    symmetry = SPECS[name].symmetry
    a, b, frame = random_quats(seed, 3)
    angle = symmetry.angle(a, b)
    torch.testing.assert_close(angle, symmetry.angle(b, a), atol=1e-6, rtol=0)
    turned = symmetry.angle(rotations.multiply(frame, a), rotations.multiply(frame, b))
    torch.testing.assert_close(angle, turned, atol=1e-6, rtol=0)
    assert angle <= rotations.angle_between(a, b) + 1e-9


@given(seeds)
def test_the_closed_form_for_an_axis_is_the_minimum_over_spins(seed):
    symmetry = SPECS["Bottle"].symmetry
    assert symmetry.axis is not None
    a, b = random_quats(seed, 2)
    spins = rotations.from_axis_angle(symmetry.axis.double(), torch.linspace(0, 2 * math.pi, 3601).double())
    searched = rotations.angle_between(rotations.multiply(a, spins), b).min()
    assert symmetry.angle(a, b) <= searched + 1e-9
    torch.testing.assert_close(symmetry.angle(a, b), searched, atol=2e-3, rtol=0)


@given(seeds)
def test_no_two_poses_of_a_cube_are_farther_apart_than_its_covering_radius(seed):
    quats = random_quats(seed, 20)
    assert SPECS["Box"].symmetry.angle(quats, quats[:1]).max() <= math.radians(62.8)


@pytest.mark.parametrize(
    ("name", "axis", "degrees", "expected"),
    [
        ("Bottle", [0, 1, 0], 137, 0),
        ("Bottle", [1, 0, 0], 30, 30),
        ("Bottle", [1, 0, 0], 180, 180),
        ("Box", [0, 0, 1], 80, 10),
        ("Box", [1, 0, 0], 270, 0),
        ("Sword", [0, 1, 0], 170, 10),
        ("Sword", [1, 0, 0], 170, 170),
        ("Hammer", [0, 1, 0], 170, 170),
    ],
)
def test_angles_by_hand(name, axis, degrees, expected):
    angle = SPECS[name].symmetry.angle(turn(axis, degrees), turn([1.0, 0, 0], 0))
    assert math.degrees(angle) == pytest.approx(expected, abs=1e-4)


def test_batches_broadcast():
    quats = random_quats(0, 6).reshape(2, 3, 4)
    assert SPECS["Box"].symmetry.angle(quats, quats[0]).shape == (2, 3)
