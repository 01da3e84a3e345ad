"""A hand's record: what it names, and how a wrong file or name is refused."""

from __future__ import annotations

import pytest
import torch

from hot.errors import BadFileError, UnknownNameError
from hot.hands import load_hand, packaged_hand_names

KEY_BODIES = {
    "allegro": ["link_0.0", "link_1.0", "link_15.0", "base_link"],
    "leap": ["if_bs", "if_px", "th_ds", "palm"],
    "shadow": ["robot0:ffknuckle", "robot0:ffproximal", "robot0:thdistal", "robot0:palm"],
    "mano": ["right_index1_z", "right_index2_z", "right_thumb3_z", "right_wrist"],
}
COUNTS = {"allegro": (17, 17, 4), "leap": (17, 17, 4), "shadow": (23, 21, 5), "mano": (16, 5, 5)}


@pytest.mark.parametrize("name", packaged_hand_names())
def test_named_bodies(name):
    spec = load_hand(name)
    key = spec.key_bodies
    assert [key[0], key[1], key[-2], key[-1]] == KEY_BODIES[name]
    assert (len(key), len(spec.contact_bodies), spec.num_fingers) == COUNTS[name]
    assert spec.wrist_body == spec.tree.names[0] == key[-1]
    assert set(spec.contact_bodies) <= set(key)


@pytest.mark.parametrize("name", packaged_hand_names())
def test_open_fingers_are_inside_the_ranges(name):
    spec = load_hand(name)
    assert spec.open_fingers.shape == (spec.num_joints - 6,)
    assert (spec.open_fingers >= spec.joint_lower[6:]).all()
    assert (spec.open_fingers <= spec.joint_upper[6:]).all()


@pytest.mark.parametrize("name", packaged_hand_names())
def test_numbers_are_float32_and_rotations_unit(name):
    spec = load_hand(name)
    for values in (spec.joint_lower, spec.joint_upper, spec.stiffness, spec.damping, spec.force_limit):
        assert values.dtype == torch.float32
        assert values.shape == (spec.num_joints,)
    assert spec.palm_quat_h.norm().item() == pytest.approx(1, abs=1e-6)
    assert (spec.tree.quat.norm(dim=1) - 1).abs().max() < 1e-12


def test_names_are_found_in_any_case_and_by_path():
    spec = load_hand("Allegro")
    assert spec.name == "allegro"
    assert load_hand(spec.mjcf).joint_names == load_hand(str(spec.mjcf)).joint_names == spec.joint_names


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(UnknownNameError, match=r"unknown hand 'alegro'; did you mean 'allegro'.*mano, shadow"):
        load_hand("alegro")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("<actuator>", "<actuator", "not readable XML"),
        ("mujoco", "robot", "root is <robot>"),
        ('name="key_bodies"', 'name="keys"', "key_bodies"),
        ('name="open_fingers"', 'name="closed"', "open_fingers"),
        ('data="0 0', 'data="0', "15 numbers for 16 finger joints"),
        ('data="0 0', 'data="9 0', "open_fingers leaves the range"),
        ('data="0 0', 'data="a 0', "not a list of numbers"),
        ('site name="palm"', 'site name="hand"', "site named palm"),
        ('site name="tip_ring"', 'site name="ring"', "exactly one site named tip_<finger>"),
        ('objname="link_3.0"', 'objname="link_33.0"', "unknown bodies: link_33.0"),
        ('joint="joint_7.0"', 'joint="joint_77.0"', "missing: joint_7.0"),
        ('<default class="pip">', '<default class="pap">', "default class 'pip'"),
        (' kv="0.125"', "", "joint_2.0: lacks kv"),
        (' range="-0.47 0.47"', "", "joint_0.0: lacks range"),
        ('class="wrist_hinge" axis="0 1 0"', 'class="wrist_hinge" axis="1 1 0"', "slides x, y, z, then hinges"),
        ('<body name="base_link"', '<body name="base_link" pos="0 0 1"', "world's origin"),
        ('type="sphere"', 'type="cylinder"', "collides as a cylinder"),
        (' quat="0.999048 -0.0436194 0 0"', ' euler="0.1 0 0"', "euler"),
        ('<joint name="joint_4.0"', '<joint name="joint_4.0" pos="0 0 1"', "off its body's origin"),
    ],
)
def test_malformed_file_is_refused_by_what_is_wrong(tmp_path, old, new, problem):
    text = load_hand("allegro").mjcf.read_text()
    assert old in text
    path = tmp_path / "mine.xml"
    path.write_text(text.replace(old, new))
    with pytest.raises(BadFileError) as error:
        load_hand(path)
    assert problem in str(error.value)
    assert "mine.xml" in str(error.value)


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(BadFileError, match="no such hand file"):
        load_hand(tmp_path / "none.xml")
