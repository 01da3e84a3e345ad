"""An object's place by another point of it."""

import math

import numpy as np
import torch

from hot import rotations
from hot.motions import moved_along
from tests.motions.clip_sets import make_motions


def test_there_and_back_is_where_it_was():
    motions = make_motions(0, (5, 9))
    there = moved_along(motions, np.array([0.1, -0.2, 0.3]))
    distance = (there.object_pos_w - motions.object_pos_w).norm(dim=-1)
    torch.testing.assert_close(distance, torch.full_like(distance, math.sqrt(0.14)))
    back = moved_along(there, np.array([-0.1, 0.2, -0.3]))
    for name in ("object_pos_w", "object_linvel_w"):
        torch.testing.assert_close(getattr(back, name), getattr(motions, name), atol=1e-5, rtol=0)
    assert torch.equal(there.object_quat_w, motions.object_quat_w)


def test_a_point_of_a_spinning_object_has_a_speed_of_its_own():
    """10 cm from the axis, at 2 rad/s: 0.2 m/s, across the arm."""
    motions = make_motions(0, (21,))
    angle = 2.0 * torch.arange(21) / motions.fps
    spinning = rotations.from_axis_angle(torch.tensor([0.0, 0.0, 1.0]), angle)
    still = torch.zeros(21, 3)
    changes = {"object_quat_w": spinning, "object_pos_w": still, "object_linvel_w": still}
    moved = moved_along(type(motions)(**{**vars(motions), **changes}), np.array([0.1, 0.0, 0.0]))
    across = torch.stack([-angle.sin(), angle.cos(), torch.zeros(21)], dim=1)
    torch.testing.assert_close(moved.object_linvel_w[1:-1], 0.2 * across[1:-1], atol=1e-4, rtol=0)
