"""Classes of resting poses: by the angle between the long axis and the vertical."""

from __future__ import annotations

import math

import pytest
import torch

from hot import rotations
from hot.objects import load_object, resting_classes
from hot.objects.poses import long_axis

X = torch.tensor([1.0, 0.0, 0.0])


def turned(degrees):
    """Orientation that tilts the y axis by an angle from the vertical."""
    return rotations.from_axis_angle(X, torch.tensor(math.radians(90.0 - degrees)))


@pytest.mark.parametrize("name", ["Bottle", "Hammer", "Sword"])
def test_long_objects_are_longest_along_y(name):
    axis = long_axis(load_object(name))
    assert axis is not None and abs(float(axis[1])) > 0.999


def test_classes_change_at_thirty_and_sixty_degrees_and_either_end_up_is_standing():
    quats = torch.stack([turned(angle) for angle in (0.0, 29.0, 31.0, 59.0, 61.0, 90.0, 151.0, 180.0)])
    classes = ("standing", "standing", "odd", "odd", "lying", "lying", "standing", "standing")
    assert resting_classes(load_object("Bottle"), quats) == classes


def test_an_object_of_another_size_has_the_same_classes():
    quats = torch.stack([turned(29.0), turned(61.0)])
    assert resting_classes(load_object("Bottle").scaled(1.5), quats) == ("standing", "lying")


def test_a_cube_has_one_class():
    box = load_object("Box")
    assert long_axis(box) is None
    assert resting_classes(box, torch.stack([turned(0.0), turned(45.0)])) == ("any", "any")
