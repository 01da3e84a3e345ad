"""Laws of resting poses."""

from __future__ import annotations

import math

import pytest
import torch

from hot import rotations
from hot.errors import BadFileError
from hot.hands import load_hand
from hot.objects import load_object, packaged_names
from hot.synthesis import RestingConfig, RestingPoses, find_resting_poses, load_resting

UP = torch.tensor([0.0, 0.0, 1.0])


@pytest.mark.parametrize("name", packaged_names())
def test_shipped_poses_touch_the_table_and_do_not_sink_in(name):
    poses, corners = load_resting(name), torch.from_numpy(load_object(name).mesh.vertices).float()
    assert len(poses) >= 1
    lowest = rotations.rotate(poses.quat_w[:, None], corners)[..., 2].amin(-1) + poses.height
    assert lowest.abs().max() < 1e-3
    assert (poses.probability.diff() <= 0).all()
    assert poses.probability.sum() <= 1.0 + 1e-6


def test_a_bottle_lies_or_stands():
    poses = load_resting("Bottle")
    along = rotations.rotate(poses.quat_w, torch.tensor([0.0, 1.0, 0.0]))[:, 2]
    assert along.abs().min() < 0.01
    assert along.max() > 0.99


def test_a_cube_has_one_pose_up_to_symmetry():
    assert len(load_resting("Box")) == 1


def test_dropped_cubes_land_on_a_face():
    config = RestingConfig(drops=20, settle_frames=120)
    poses = find_resting_poses(load_hand("allegro"), load_object("Box"), config, seed=3)
    assert len(poses) == 1
    assert float(poses.height[0]) == pytest.approx(0.0245, abs=5e-4)
    up = rotations.rotate_inverse(poses.quat_w[0], UP).abs()
    assert float(up.max()) > math.cos(0.02)


def test_saved_poses_are_read_back_before_the_shipped_ones(tmp_path, monkeypatch):
    monkeypatch.setenv("HOT_DATA", str(tmp_path))
    poses = RestingPoses("Box", torch.tensor([0.5]), torch.tensor([[1.0, 0, 0, 0]]), torch.tensor([1.0]))
    poses.save()
    assert float(load_resting("Box").height[0]) == 0.5


def test_missing_poses_say_what_makes_them(tmp_path, monkeypatch):
    monkeypatch.setenv("HOT_DATA", str(tmp_path))
    with pytest.raises(BadFileError, match="find_resting_poses"):
        load_resting("Teapot")
