"""Laws of transforms, distances and timelines."""

from __future__ import annotations

import math

import pytest
import torch
from pydantic import ValidationError

from hot import rotations
from hot.hands import load_hand
from hot.objects import load_object
from hot.synthesis import SynthesisConfig
from hot.synthesis.clearance import Clearance, shape_distance
from hot.synthesis.closed_hands import close_hands, thumb_opposition
from hot.synthesis.timeline import grasp_timeline, place_timeline, smooth
from hot.synthesis.transforms import compose, frame_of, invert, shortest_turn


def generator():
    return torch.Generator().manual_seed(0)


def test_a_transform_after_its_inverse_is_nothing():
    pose = (torch.randn(20, 3, generator=generator()), rotations.random((20,), generator()))
    pos, quat = compose(invert(pose), pose)
    assert pos.abs().max() < 1e-5
    assert rotations.angle_between(quat, torch.tensor([1.0, 0, 0, 0])).max() < 1e-3


def test_the_shortest_turn_reaches_every_direction_even_the_opposite():
    start = torch.nn.functional.normalize(torch.randn(50, 3, generator=generator()), dim=-1)
    for end in (start.roll(1, 0), -start, start):
        assert (rotations.rotate(shortest_turn(start, end), start) - end).norm(dim=-1).max() < 1e-5


def test_a_frame_has_its_z_axis_along_the_normal_and_its_x_axis_nearest_to_the_other_direction():
    normal, along = torch.nn.functional.normalize(torch.randn(2, 30, 3, generator=generator()), dim=-1)
    along[0] = normal[0]  # no direction is nearest then, but the z axis still holds
    axes = rotations.to_matrix(frame_of(normal, along))
    assert (axes[..., 2] - normal).norm(dim=-1).max() < 1e-5
    assert (axes[1:, :, 1] * along[1:]).sum(-1).abs().max() < 1e-5
    assert (axes[1:, :, 0] * along[1:]).sum(-1).min() > 0


@pytest.mark.parametrize(
    ("shape", "size", "point", "distance"),
    [
        ("sphere", (0.02,), (0.05, 0.0, 0.0), 0.03),
        ("capsule", (0.01, 0.02), (0.0, 0.0, 0.05), 0.02),
        ("capsule", (0.01, 0.02), (0.03, 0.0, 0.01), 0.02),
        ("box", (0.01, 0.02, 0.03), (0.04, 0.06, 0.0), 0.05),
        ("box", (0.01, 0.02, 0.03), (0.005, 0.0, 0.0), -0.005),
    ],
)
def test_distances_to_shapes_agree_with_hand_worked_ones(shape, size, point, distance):
    assert float(shape_distance(shape, size, torch.tensor(point))) == pytest.approx(distance, abs=1e-6)


def test_a_hand_on_top_of_the_object_overlaps_and_a_far_one_does_not():
    hand = load_hand("allegro")
    clearance = Clearance(hand, load_object("Box"))
    joints = torch.cat([torch.zeros(2, 6), hand.open_fingers.expand(2, -1)], dim=-1)
    pos = torch.stack([hand.palm_pos_h, torch.tensor([1.0, 0.0, 0.0])])
    depth = clearance.depth(joints, pos, torch.tensor([[1.0, 0, 0, 0]]).expand(2, 4), margin=0.01)
    assert float(depth[0]) > 0.01
    assert float(depth[1]) == pytest.approx(-0.01)


@pytest.mark.parametrize("object_name", ["Bottle", "Torus"])
def test_overlap_is_that_of_the_deepest_point_however_few_are_looked_at(object_name):
    """Every sample point of every shape and of the object, one hand after another, against all at once."""
    hand, spec = load_hand("mano"), load_object(object_name)
    clearance, margin, count = Clearance(hand, spec), 0.01, 40
    joints = torch.cat([torch.zeros(count, 6), hand.open_fingers.expand(count, -1)], dim=-1)
    joints[:, 3:6] = torch.randn(count, 3, generator=generator())
    pos = 0.08 * torch.randn(count, 3, generator=generator())
    quat = rotations.random((count,), generator())
    depth = clearance.depth(joints, pos, quat, margin)
    assert (depth > 0).sum() > 5 and (depth == -margin).sum() > 5
    poses = clearance.kinematics.forward(joints)
    skin = rotations.rotate_inverse(quat[:, None], clearance.kinematics.collider_points(poses) - pos[:, None])
    deepest = (-spec.signed_distance(skin)).amax(1)
    surface = rotations.rotate(quat[:, None], spec.surface_points) + pos[:, None]
    for collider in hand.tree.colliders:
        own = poses.quat_w[:, None, collider.body], poses.pos_w[:, None, collider.body]
        seen = rotations.rotate_inverse(own[0], surface - own[1])
        seen = rotations.rotate_inverse(collider.quat.float(), seen - collider.pos.float())
        deepest = torch.maximum(deepest, (-shape_distance(collider.shape, collider.size, seen)).amax(1))
    assert torch.allclose(depth, deepest.clamp_min(-margin), atol=1e-5)


@pytest.mark.parametrize("name", ["allegro", "mano", "shadow"])
def test_closed_hands_stay_in_range_and_bring_the_thumb_to_the_fingers(name):
    hand = load_hand(name)
    closed = close_hands(hand, 32, generator())
    assert (closed.fingers >= hand.joint_lower[6:]).all()
    assert (closed.fingers <= hand.joint_upper[6:]).all()
    assert closed.meeting[:, 1].min() > 0
    assert thumb_opposition(hand).any()


def test_smooth_starts_and_ends_at_rest():
    share = torch.linspace(0, 1, 1001)
    profile = smooth(share)
    speed = profile.diff() * 1000
    assert (float(profile[0]), float(profile[-1])) == (0.0, 1.0)
    assert float(speed[0]) < 1e-3 and float(speed[-1]) < 1e-3
    assert float(speed.max()) == pytest.approx(1.875, abs=1e-3)  # 15/8, the minimum-jerk peak


@pytest.mark.parametrize("make", [grasp_timeline, place_timeline])
def test_timelines_are_as_long_as_the_skills_and_never_lift_an_open_hand(make):
    line = make(SynthesisConfig())
    assert len(line.contact) == 220
    assert (line.closed[line.lifted > 0] == 1).all()
    assert (line.away[line.squeeze > 0] == 0).all()
    assert (line.squeeze[line.lifted > 0] == 1).all()
    assert math.isclose(float(line.away.max()), 1.0, abs_tol=1e-3)


def test_phases_out_of_order_are_refused():
    with pytest.raises(ValidationError, match="close_start < close_end"):
        SynthesisConfig(close_start=55)
