"""The files that are made for Isaac Gym's importers, read back by MuJoCo and trimesh."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
import torch
import trimesh

from hot.errors import PhysicsError
from hot.hands import Kinematics, load_hand, packaged_hand_names
from hot.objects import load_object
from hot.physics.isaac_hand import BASE, isaac_hand
from hot.physics.isaac_object import write_object


@pytest.mark.parametrize("name", packaged_hand_names())
def test_the_written_hand_has_every_body_where_ours_is(name):
    mujoco = pytest.importorskip("mujoco")
    hand = load_hand(name)
    written = isaac_hand(hand)
    model = mujoco.MjModel.from_xml_string(written.text)
    data = mujoco.MjData(model)
    torch.manual_seed(0)
    joints = 0.5 * torch.randn(hand.num_joints, dtype=torch.float64)
    data.qpos[:] = joints
    mujoco.mj_kinematics(model, data)
    poses = Kinematics(hand).forward(joints)
    for body, pos, quat in zip(hand.tree.names, poses.pos_w, poses.quat_w):
        np.testing.assert_allclose(data.body(body).xpos, pos, atol=1e-7)
        assert abs(float(quat @ torch.from_numpy(data.body(body).xquat))) == pytest.approx(1.0, abs=1e-7)
    assert [model.joint(joint).name for joint in range(model.njnt)] == list(hand.joint_names)
    assert [model.body(body).name for body in range(1, model.nbody)] == list(written.inertias)


@pytest.mark.parametrize("name", packaged_hand_names())
def test_carriers_add_next_to_nothing(name):
    mujoco = pytest.importorskip("mujoco")
    hand = load_hand(name)
    written, own = isaac_hand(hand), mujoco.MjModel.from_xml_path(str(hand.mjcf))
    model = mujoco.MjModel.from_xml_string(written.text)
    assert model.body_subtreemass[0] == pytest.approx(own.body_subtreemass[0], rel=0.01)
    np.testing.assert_allclose(model.dof_armature, own.dof_armature)
    np.testing.assert_allclose(model.jnt_range, own.jnt_range)
    carriers = [name for name in written.inertias if name not in hand.tree.names]
    assert carriers[0] == BASE and len(carriers) == 1 + hand.num_joints - len(hand.tree.names)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('gravcomp="1"', 'gravcomp="0.5"', "body base_link has gravcomp other than 1"),
        ('<joint name="joint_0.0"', '<joint damping="0.1" name="joint_0.0"', "joint joint_0.0 has damping"),
        ("<geom type=", '<geom friction="2" type=', r"shapes differ in friction \(1.0, 2.0\)"),
        ("<geom type=", '<geom conaffinity="3" type=', "has contype and conaffinity 1 3"),
        ('"link_0.0"', '"base"', "a body has the name 'base'"),
    ],
)
def test_what_isaac_gym_cannot_hold_is_named(allegro, tmp_path, old, new, message):
    text = allegro.mjcf.read_text()
    assert old in text
    path = tmp_path / "changed.xml"
    path.write_text(text.replace(old, new, -1 if "link" in old else 1))
    with pytest.raises(PhysicsError, match=f"the allegro hand cannot be given to Isaac Gym: .*{message}"):
        isaac_hand(load_hand(path))


@pytest.mark.parametrize("name", ["Bottle", "Hammer", "Torus"])
def test_the_written_object_is_its_convex_parts(name, tmp_path):
    spec = load_object(name)
    assert write_object(tmp_path, "object_0", spec) == "object_0.urdf"
    urdf = (tmp_path / "object_0.urdf").read_text()
    meshes = re.findall(r'<collision>.*?filename="(.*?)"', urdf)
    assert len(meshes) == len(spec.parts)
    for mesh, part in zip(meshes, spec.parts):
        hull = trimesh.load_mesh(tmp_path / mesh)
        assert hull.volume == pytest.approx(trimesh.convex.convex_hull(part).volume, rel=1e-5)
        np.testing.assert_allclose(hull.bounds, [part.min(0), part.max(0)], atol=1e-6)
    entries = {key: float(value) for key, value in re.findall(r'(i[xyz]{2})="(.*?)"', urdf)}
    for key, (row, column) in {"ixx": (0, 0), "iyy": (1, 1), "izz": (2, 2), "ixy": (0, 1), "iyz": (1, 2)}.items():
        assert entries[key] == pytest.approx(float(spec.inertia[row, column]), rel=1e-6, abs=1e-12)
    assert [float(mass) for mass in re.findall(r'mass value="(.*?)"', urdf)] == [pytest.approx(spec.mass)]


def test_a_part_with_too_many_corners_is_refused(tmp_path, bottle):
    round_part = trimesh.creation.icosphere(subdivisions=2, radius=0.02).vertices
    with pytest.raises(PhysicsError, match="part 0 of Bottle has 162 corners; PhysX takes 64"):
        write_object(tmp_path, "object_0", dataclasses.replace(bottle, parts=(np.asarray(round_part),)))
