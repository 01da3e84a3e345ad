"""Batched kinematics against the engine, against hand-worked numbers and against finite differences."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from hot import rotations
from hot.hands import Kinematics, load_hand, packaged_hand_names


def random_joints(spec, *shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    unit = torch.rand(*shape, spec.num_joints, generator=generator, dtype=torch.float64)
    return spec.joint_lower.double() + unit * (spec.joint_upper - spec.joint_lower).double()


@pytest.mark.parametrize("name", packaged_hand_names())
def test_poses_equal_those_of_the_engine(name):
    mujoco = pytest.importorskip("mujoco")
    spec = load_hand(name)
    kinematics = Kinematics(spec)
    model = mujoco.MjModel.from_xml_path(str(spec.mjcf))
    data = mujoco.MjData(model)
    joints = random_joints(spec, 20)
    poses = kinematics.forward(joints)
    keys, tips = kinematics.key_points(poses), kinematics.fingertips(poses)
    for i, row in enumerate(joints):
        data.qpos[:] = row
        mujoco.mj_kinematics(model, data)
        np.testing.assert_allclose(poses.pos_w[i], data.xpos[1:], atol=1e-12)
        matrices = rotations.to_matrix(poses.quat_w[i]).flatten(1)
        np.testing.assert_allclose(matrices, data.xmat[1:], atol=1e-12)
        np.testing.assert_allclose(keys[i], [data.body(b).xpos for b in spec.key_bodies], atol=1e-12)
        np.testing.assert_allclose(tips[i], [data.site(s).xpos for s in spec.fingertips], atol=1e-12)


def test_straight_allegro_middle_finger_has_the_sum_of_its_links():
    """0.0007 + 0.0164 + 0.054 + 0.0384 to the last joint, then the tip sphere's centre at 0.0267 and 0.0085 more."""
    spec = load_hand("allegro")
    kinematics = Kinematics(spec)
    poses = kinematics.forward(torch.zeros(22, dtype=torch.float64))
    last = poses.pos_w[spec.tree.names.index("link_7.0")]
    np.testing.assert_allclose(last, [0, 0, 0.1095], atol=1e-12)
    np.testing.assert_allclose(kinematics.fingertips(poses)[1], [0.0085, 0, 0.1447], atol=1e-12)


def test_wrist_turns_about_x_then_the_turned_y_then_the_turned_z():
    """Rx(90) Ry(90) Rz(0) takes z to x and then x stays: the fingers of an Allegro point along +x."""
    spec = load_hand("allegro")
    joints = torch.zeros(22, dtype=torch.float64)
    joints[:6] = torch.tensor([1.0, 2.0, 0.5, math.pi / 2, math.pi / 2, 0.0])
    poses = Kinematics(spec).forward(joints)
    np.testing.assert_allclose(poses.pos_w[spec.tree.names.index("link_4.0")], [1.0007, 2.0, 0.5], atol=1e-12)


@pytest.mark.parametrize("name", packaged_hand_names())
@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_any_leading_batch_shape(name, shape):
    spec = load_hand(name)
    kinematics = Kinematics(spec)
    poses = kinematics.forward(random_joints(spec, *shape).float())
    assert poses.pos_w.shape == (*shape, len(spec.tree.names), 3)
    assert poses.quat_w.shape == (*shape, len(spec.tree.names), 4)
    assert kinematics.key_points(poses).shape == (*shape, len(spec.key_bodies), 3)
    assert kinematics.fingertips(poses).shape == (*shape, spec.num_fingers, 3)
    assert kinematics.collider_points(poses).shape == (*shape, len(kinematics.collider_body_ids), 3)
    assert poses.pos_w.dtype == torch.float32


@pytest.mark.parametrize("name", packaged_hand_names())
def test_wrist_is_the_last_key_point(name):
    spec = load_hand(name)
    kinematics = Kinematics(spec)
    joints = random_joints(spec, 4)
    np.testing.assert_array_equal(kinematics.key_points(kinematics.forward(joints))[:, -1], joints[:, :3])


@pytest.mark.parametrize("name", packaged_hand_names())
def test_gradients_equal_finite_differences(name):
    spec = load_hand(name)
    kinematics = Kinematics(spec)
    joints = random_joints(spec).requires_grad_()

    def outputs(q):
        poses = kinematics.forward(q)
        return kinematics.fingertips(poses).sum() + kinematics.collider_points(poses).sum() + poses.quat_w.sum()

    assert torch.autograd.gradcheck(outputs, (joints,))


@pytest.mark.parametrize("name", packaged_hand_names())
def test_fingertips_turn_about_the_axes_of_their_own_joints(name):
    spec = load_hand(name)
    kinematics, joints = Kinematics(spec), random_joints(spec, 3)
    axes, places = kinematics.hinges(joints, kinematics.forward(joints))
    assert torch.allclose(axes.norm(dim=-1), torch.ones(1, dtype=torch.float64))
    tips, step = kinematics.fingertips(kinematics.forward(joints)), 1e-6
    for joint in range(spec.num_joints - 6):
        moved = joints.clone()
        moved[:, 6 + joint] += step
        change = (kinematics.fingertips(kinematics.forward(moved)) - tips) / step
        about = torch.cross(axes[:, joint, None].expand_as(tips), tips - places[:, joint, None], dim=-1)
        own = change.norm(dim=-1, keepdim=True) > 1e-6  # fingers to which the joint does not belong stay
        np.testing.assert_allclose(change, about * own, atol=1e-6)


@pytest.mark.parametrize("name", packaged_hand_names())
def test_points_of_some_shapes_are_those_of_all_shapes(name):
    spec = load_hand(name)
    kinematics = Kinematics(spec)
    poses = kinematics.forward(random_joints(spec, 4))
    shapes = len(spec.tree.colliders)
    row, shape = torch.tensor([3, 0, 0]), torch.tensor([0, shapes - 1, 1])
    every = kinematics.collider_points(poses).unflatten(1, (shapes, -1))
    np.testing.assert_allclose(kinematics.shape_points(poses, row, shape), every[row, shape], atol=1e-12)


@pytest.mark.parametrize("name", packaged_hand_names())
def test_wrist_velocity_equals_finite_differences(name):
    spec = load_hand(name)
    kinematics = Kinematics(spec)
    joints, rates, dt = random_joints(spec, 16), random_joints(spec, 16, seed=1), 1e-6
    before = kinematics.forward(joints - 0.5 * dt * rates)
    after = kinematics.forward(joints + 0.5 * dt * rates)
    linear, angular = kinematics.wrist_velocity(joints, rates)
    turn = rotations.multiply(after.quat_w[:, 0], rotations.conjugate(before.quat_w[:, 0]))
    np.testing.assert_allclose(linear, (after.pos_w - before.pos_w)[:, 0] / dt, atol=1e-6)
    np.testing.assert_allclose(angular, rotations.to_vector(turn) / dt, atol=1e-6)


@pytest.mark.parametrize("name", packaged_hand_names())
def test_collider_points_lie_on_the_surfaces_of_their_bodies(name):
    spec = load_hand(name)
    kinematics = Kinematics(spec)
    joints = random_joints(spec)
    poses = kinematics.forward(joints)
    points = kinematics.collider_points(poses).view(len(spec.tree.colliders), -1, 3)
    bodies = kinematics.collider_body_ids.view(len(spec.tree.colliders), -1)
    for shape, on_shape, body in zip(spec.tree.colliders, points, bodies):
        assert (body == shape.body).all()
        in_body = rotations.rotate_inverse(poses.quat_w[shape.body], on_shape - poses.pos_w[shape.body])
        local = rotations.rotate_inverse(shape.quat, in_body - shape.pos)
        np.testing.assert_allclose(surface_distance(shape, local), 0, atol=1e-12)


def surface_distance(shape, points):
    """Signed distance of points outside or on a box, capsule or sphere (exact there)."""
    if shape.shape == "box":
        return (points.abs() - torch.tensor(shape.size, dtype=torch.float64)).amax(dim=-1)
    half = shape.size[1] if shape.shape == "capsule" else 0.0
    axis = points.clone()
    axis[:, :2] = 0
    return (points - axis.clamp(-half, half)).norm(dim=-1) - shape.size[0]


def test_each_body_knows_its_finger():
    spec = load_hand("shadow")
    kinematics = Kinematics(spec)
    assert spec.finger_names == ("index", "middle", "ring", "little", "thumb")
    fingers = dict(zip(spec.tree.names, kinematics.finger_of_body.tolist()))
    assert fingers["robot0:palm"] == -1
    assert fingers["robot0:ffknuckle"] == fingers["robot0:ffdistal"] == 0
    assert fingers["robot0:lfmetacarpal"] == fingers["robot0:lfdistal"] == 3
    assert fingers["robot0:thhub"] == 4


@pytest.mark.parametrize("name", packaged_hand_names())
def test_velocities_are_what_poses_change_by(name):
    spec = load_hand(name)
    kinematics, joints = Kinematics(spec), random_joints(spec, 3, 4)
    rates = torch.randn(joints.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    poses, velocities = kinematics.moving(joints, rates)
    assert torch.equal(poses.pos_w, kinematics.forward(joints).pos_w)
    step = 1e-6
    before, after = (kinematics.forward(joints + sign * step * rates) for sign in (-1, 1))
    torch.testing.assert_close(velocities.linear_w, (after.pos_w - before.pos_w) / (2 * step), atol=1e-7, rtol=0)
    turn = rotations.multiply(after.quat_w, rotations.conjugate(before.quat_w))
    torch.testing.assert_close(velocities.angular_w, rotations.to_vector(turn) / (2 * step), atol=1e-7, rtol=0)
