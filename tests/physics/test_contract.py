"""What every engine must do, whatever it is made of."""

from __future__ import annotations

import pytest
import torch

from hot import rotations
from hot.hands import Kinematics
from hot.objects import load_object
from hot.physics import CONTROL_DT, PhysicsConfig, Scene, make_physics
from tests.conftest import standing

GRAVITY = 9.81


@pytest.fixture(params=["mujoco", pytest.param("warp", marks=pytest.mark.slow), "isaacgym", "fake isaacgym"])
def engine(request):
    """Name of an engine; Warp runs on its CPU device, where the first run compiles for about a minute.

    Isaac Gym runs where it is installed, on its CPU pipeline; our side of it also runs against a fake.
    """
    if request.param == "warp":
        pytest.importorskip("mujoco_warp", reason="mujoco-warp is not installed")
    if request.param == "isaacgym":
        pytest.importorskip("isaacgym.gymapi", reason="Isaac Gym is not installed")
    if request.param == "fake isaacgym":
        request.getfixturevalue("fake_isaacgym")
    return request.param.split()[-1]


@pytest.fixture
def make(allegro, bottle, engine):
    """Build an engine with some worlds and close it afterwards; one at a time, since Isaac Gym holds no more."""
    made = []

    def build(worlds=3, objects=(bottle,), world_object=None, **config):
        while made:
            made.pop().close()
        world_object = torch.zeros(worlds, dtype=torch.long) if world_object is None else world_object
        physics = make_physics(
            Scene(allegro, objects, world_object), PhysicsConfig(engine=engine, device="cpu", **config)
        )
        made.append(physics)
        return physics

    yield build
    for physics in made:
        physics.close()


def everywhere(physics, value):
    return torch.as_tensor(value, dtype=torch.float32).expand(physics.num_worlds, -1).clone()


def park_hand(physics, allegro, pos=(0.8, 0.8, 0.8)):
    """The open hand, away from the object."""
    joints = torch.zeros(physics.num_worlds, allegro.num_joints)
    joints[:, 6:] = allegro.open_fingers
    joints[:, :3] = torch.tensor(pos)
    physics.write_state(torch.arange(physics.num_worlds), joint_pos=joints, joint_vel=torch.zeros_like(joints))
    return joints


def test_what_is_written_is_read_back(make, allegro):
    physics = make()
    torch.manual_seed(0)
    worlds = torch.arange(3)
    written = {
        "joint_pos": torch.randn(3, allegro.num_joints) * 0.1,
        "joint_vel": torch.randn(3, allegro.num_joints),
        "object_pos_w": torch.randn(3, 3),
        "object_quat_w": rotations.normalize(torch.randn(3, 4)),
        "object_linvel_w": torch.randn(3, 3),
        "object_angvel_w": torch.randn(3, 3),
    }
    physics.write_state(worlds, **written)
    for name, value in written.items():
        torch.testing.assert_close(getattr(physics.state, name), value, atol=1e-5, rtol=1e-5)


def test_writing_some_worlds_leaves_the_others_alone(make, allegro):
    physics = make()
    before = physics.state.joint_pos.clone()
    physics.write_state(torch.tensor([1]), joint_pos=torch.full((1, allegro.num_joints), 0.1))
    after = physics.state.joint_pos
    torch.testing.assert_close(after[[0, 2]], before[[0, 2]])
    assert (after[1] != before[1]).any()


def test_a_mask_writes_what_numbers_write(make, allegro):
    torch.manual_seed(0)
    values = {
        "joint_pos": torch.randn(3, allegro.num_joints) * 0.1,
        "joint_vel": torch.randn(3, allegro.num_joints),
        "object_pos_w": torch.randn(3, 3),
        "object_quat_w": rotations.normalize(torch.randn(3, 4)),
        "object_linvel_w": torch.randn(3, 3),
        "object_angvel_w": torch.randn(3, 3),
    }
    worlds, mask = torch.tensor([0, 2]), torch.tensor([True, False, True])
    by_number = make()
    by_number.write_state(worlds, **{name: value[worlds] for name, value in values.items()})
    expected = {name: value.clone() for name, value in vars(by_number.state).items()}
    by_mask = make()
    by_mask.write_state(mask, **values)
    for name, value in expected.items():
        assert torch.equal(getattr(by_mask.state, name), value), name


def test_objects_turn_about_the_axes_of_their_own_inertia(make, allegro, bottle):
    physics = make()
    park_hand(physics, allegro)
    spin = torch.tensor([2.0, 6.0, 1.0])
    physics.write_state(
        torch.arange(3),
        object_pos_w=everywhere(physics, [0.0, 0.0, 5.0]),
        object_quat_w=everywhere(physics, [1.0, 0.0, 0.0, 0.0]),
        object_angvel_w=everywhere(physics, spin),
    )
    inertia = torch.as_tensor(bottle.inertia, dtype=torch.float32)
    momentum = inertia @ spin
    for _ in range(12):
        physics.step()
    quat, spin_w = physics.state.object_quat_w[0], physics.state.object_angvel_w[0]
    now = rotations.rotate(quat, inertia @ rotations.rotate_inverse(quat, spin_w))
    torch.testing.assert_close(now, momentum, atol=float(0.05 * momentum.norm()), rtol=0)


def test_views_stay_the_same_tensors(make):
    physics = make()
    held = physics.state.joint_pos
    physics.step()
    assert physics.state.joint_pos.data_ptr() == held.data_ptr()


def test_a_free_object_falls_as_galilei_says(make, allegro):
    physics = make(substeps=4)
    park_hand(physics, allegro)
    physics.write_state(torch.arange(3), object_pos_w=everywhere(physics, [0.0, 0.0, 2.0]))
    for _ in range(12):
        physics.step()
    # Semi-implicit steps of length h fall g t h / 2 further than the closed form.
    t, h = 12 * CONTROL_DT, CONTROL_DT / 4
    expected = 2.0 - 0.5 * GRAVITY * t * (t + h)
    assert physics.state.object_pos_w[0, 2].item() == pytest.approx(expected, abs=1e-4)
    assert physics.state.object_linvel_w[0, 2].item() == pytest.approx(-GRAVITY * t, rel=1e-4)


def test_angular_velocity_is_in_the_world_frame(make, allegro):
    physics = make()
    park_hand(physics, allegro)
    quat = rotations.from_axis_angle(torch.tensor([1.0, 0.0, 0.0]), torch.tensor(1.0))
    # About its own long axis (y in the object frame), a principal axis, the bottle spins steadily.
    spin_w = rotations.rotate(quat, torch.tensor([0.0, 3.0, 0.0]))
    physics.write_state(
        torch.arange(3),
        object_pos_w=everywhere(physics, [0, 0, 2]),
        object_quat_w=everywhere(physics, quat),
        object_angvel_w=everywhere(physics, spin_w),
    )
    for _ in range(6):
        physics.step()
    turned = rotations.multiply(rotations.from_vector(spin_w * 6 * CONTROL_DT), quat)
    assert rotations.angle_between(physics.state.object_quat_w[0], turned).item() < 1e-3
    torch.testing.assert_close(physics.state.object_angvel_w[0], spin_w, atol=1e-3, rtol=1e-3)


def test_a_force_equal_to_the_weight_lets_an_object_float(make, allegro, bottle):
    physics = make()
    park_hand(physics, allegro)
    physics.write_state(torch.arange(3), object_pos_w=everywhere(physics, [0.0, 0.0, 1.0]))
    force = torch.zeros(3, 3)
    force[:2, 2] = bottle.mass * GRAVITY
    physics.set_object_force(force)
    for _ in range(10):
        physics.step()
    assert physics.state.object_pos_w[:2, 2].tolist() == pytest.approx([1.0, 1.0], abs=1e-5)
    assert physics.state.object_pos_w[2, 2] < 0.9


def test_a_standing_object_rests_on_the_table(make, allegro, bottle):
    physics = make()
    park_hand(physics, allegro)
    pos, quat = standing(bottle)
    physics.write_state(torch.arange(3), object_pos_w=everywhere(physics, pos), object_quat_w=everywhere(physics, quat))
    for _ in range(60):
        physics.step()
    torch.testing.assert_close(physics.state.object_pos_w, everywhere(physics, pos), atol=2e-3, rtol=0)
    assert rotations.angle_between(physics.state.object_quat_w, quat).max() < 0.01
    assert not physics.state.touching.any()


def test_drives_reach_their_targets_and_the_hand_passes_the_table(make, allegro, bottle):
    physics = make()
    pos, quat = standing(bottle)
    physics.write_state(torch.arange(3), object_pos_w=everywhere(physics, pos), object_quat_w=everywhere(physics, quat))
    joints = park_hand(physics, allegro, pos=(0.8, 0.8, 0.3))
    joints[:, 2] = -0.1  # below the table
    physics.set_targets(joints)
    for _ in range(60):
        physics.step()
    torch.testing.assert_close(physics.state.joint_pos, joints, atol=5e-3, rtol=0)


def test_poses_are_those_of_the_instant_after_the_step(make, allegro):
    physics = make()
    joints = park_hand(physics, allegro)
    joints[:, :3] -= 0.2
    joints[:, 3:6] += 0.4
    physics.set_targets(joints)
    before = physics.state.key_pos_w.clone()
    for _ in range(8):
        before = physics.state.key_pos_w.clone()
        physics.step()
    kinematics = Kinematics(allegro)
    keys = kinematics.key_points(kinematics.forward(physics.state.joint_pos))
    torch.testing.assert_close(physics.state.key_pos_w, keys)
    assert (keys - before).norm(dim=-1).min() > 1e-4  # it moves, so a lag would show


def test_a_palm_that_carries_the_object_feels_its_weight(make, allegro):
    box = load_object("Box")
    physics = make(objects=(box,), substeps=4)
    joints = torch.zeros(3, allegro.num_joints)
    joints[:, 2] = 0.5
    # Turn the hand so that the palm looks up, and lay the box on it.
    palm_up = _turn_onto_up(rotations.rotate(allegro.palm_quat_h, torch.tensor([0.0, 0.0, 1.0])))
    joints[:, 3:6] = rotations.to_euler(palm_up)
    joints[:, 6:] = allegro.open_fingers
    palm = joints[0, :3] + rotations.rotate(palm_up, allegro.palm_pos_h)
    physics.write_state(
        torch.arange(3),
        joint_pos=joints,
        object_pos_w=everywhere(physics, palm + torch.tensor([0.0, 0.0, 0.027])),
        object_quat_w=everywhere(physics, [1.0, 0.0, 0.0, 0.0]),
    )
    physics.set_targets(joints)
    for _ in range(90):
        physics.step()
    assert physics.state.touching.all()
    weight = box.mass * GRAVITY
    torch.testing.assert_close(
        physics.state.hand_force_w, everywhere(physics, [0.0, 0.0, weight]), atol=0.03 * weight, rtol=0
    )
    # The contact bodies feel the reaction.
    torch.testing.assert_close(physics.state.contact_force_w.sum(1), -physics.state.hand_force_w, atol=1e-3, rtol=1e-3)


def _turn_onto_up(vector):
    up = torch.tensor([0.0, 0.0, 1.0])
    axis = torch.linalg.cross(vector, up)
    if axis.norm() < 1e-6:
        return torch.tensor([1.0, 0.0, 0.0, 0.0])
    return rotations.from_axis_angle(axis / axis.norm(), torch.acos(vector @ up))


def test_a_restored_snapshot_continues_to_the_bit(make, allegro, engine):
    # PhysX keeps its caches to itself and single precision outside: Isaac Gym continues nearly.
    tolerance = 1e-4 if engine == "isaacgym" else 0.0
    physics = make()
    joints = park_hand(physics, allegro)
    physics.set_targets(joints + 0.1)
    physics.step()
    snapshot = physics.snapshot()
    for _ in range(5):
        physics.step()
    first = physics.state.joint_pos.clone(), physics.state.object_pos_w.clone()
    physics.restore(snapshot)
    for _ in range(5):
        physics.step()
    torch.testing.assert_close(physics.state.joint_pos, first[0], atol=tolerance, rtol=0)
    torch.testing.assert_close(physics.state.object_pos_w, first[1], atol=tolerance, rtol=0)


def test_factors_hold_for_their_own_world_until_set_again(make, allegro, bottle):
    physics = make()
    joints = park_hand(physics, allegro)
    pos = everywhere(physics, [0.0, 0.0, 1.0])
    force = everywhere(physics, [0.0, 0.0, bottle.mass * GRAVITY])
    physics.set_object_force(force)
    physics.randomize(mass=torch.tensor([1.0, 2.0, 0.5]), gains=torch.tensor([1.0, 4.0, 1.0]))
    physics.set_targets(joints + 0.05)

    def accelerate():
        physics.write_state(torch.arange(3), joint_pos=joints, object_pos_w=pos, object_linvel_w=torch.zeros(3, 3))
        physics.set_targets(joints + 0.05)
        physics.step()
        return physics.state.object_linvel_w[:, 2] / CONTROL_DT, physics.state.joint_vel[:, 0]

    rise, speed = accelerate()
    torch.testing.assert_close(rise, torch.tensor([0.0, -GRAVITY / 2, GRAVITY]), atol=1e-3, rtol=1e-3)
    assert speed[1] > 1.2 * speed[0]
    snapshot = physics.snapshot()
    physics.randomize(mass=torch.ones(3), gains=torch.ones(3))
    assert accelerate()[0].abs().max() < 1e-3
    physics.restore(snapshot)
    torch.testing.assert_close(accelerate()[0], rise)


def test_friction_factors_decide_who_slides(make, allegro, bottle):
    physics = make()
    park_hand(physics, allegro)
    pos, quat = standing(bottle)
    physics.write_state(torch.arange(3), object_pos_w=everywhere(physics, pos), object_quat_w=everywhere(physics, quat))
    physics.randomize(friction=torch.tensor([1.0, 0.1, 1.0]))
    physics.set_object_force(everywhere(physics, [0.2 * bottle.mass * GRAVITY, 0.0, 0.0]))
    for _ in range(30):
        physics.step()
    moved = physics.state.object_pos_w[:, 0].abs()
    assert moved[1] > 0.05
    assert moved[[0, 2]].max() < 0.005


def test_worlds_with_different_objects_equal_their_own_simulation(make, allegro, bottle):
    hammer = load_object("Hammer")

    def drop(physics):
        park_hand(physics, allegro)
        quat = rotations.normalize(torch.tensor([0.8, 0.3, 0.2, 0.1]))
        physics.write_state(
            torch.arange(physics.num_worlds),
            object_pos_w=everywhere(physics, [0.0, 0.0, 0.15]),
            object_quat_w=everywhere(physics, quat),
        )
        for _ in range(20):
            physics.step()
        return physics.state.object_pos_w.clone(), physics.state.object_quat_w.clone()

    mixed = drop(make(worlds=4, objects=(bottle, hammer), world_object=torch.tensor([0, 1, 1, 0])))
    alone = [drop(make(worlds=1, objects=(spec,))) for spec in (bottle, hammer)]
    for world, which in enumerate([0, 1, 1, 0]):
        for a, b in zip(mixed, alone[which]):
            torch.testing.assert_close(a[world], b[0], atol=1e-6, rtol=0)


def test_a_free_spin_keeps_its_angular_momentum(make, allegro, bottle):
    """Which only the right moments about the right axes predict."""
    physics = make(substeps=4)
    park_hand(physics, allegro)
    inertia = torch.as_tensor(bottle.inertia, dtype=torch.float32)
    quat = rotations.normalize(torch.tensor([0.9, 0.2, -0.3, 0.1]))
    spin_o = torch.tensor([3.0, 2.0, 1.0])
    physics.write_state(
        torch.arange(3),
        object_pos_w=everywhere(physics, [0.0, 0.0, 3.0]),
        object_quat_w=everywhere(physics, quat),
        object_angvel_w=everywhere(physics, rotations.rotate(quat, spin_o)),
    )

    def momentum_w() -> torch.Tensor:
        turn, spin_w = physics.state.object_quat_w[0], physics.state.object_angvel_w[0]
        return rotations.rotate(turn, inertia @ rotations.rotate_inverse(turn, spin_w))

    before = momentum_w()
    for _ in range(20):
        physics.step()
    torch.testing.assert_close(momentum_w(), before, atol=0.02 * float(before.norm()), rtol=0)
    still = rotations.rotate(physics.state.object_quat_w[0], spin_o)
    assert (physics.state.object_angvel_w[0] - still).norm() > 0.1  # it tumbles: a ball would not


def test_a_world_that_diverges_is_flagged_and_spares_the_others(make, allegro):
    physics = make()
    park_hand(physics, allegro)
    physics.write_state(torch.tensor([1]), joint_vel=torch.full((1, allegro.num_joints), 1e5))
    physics.step()
    assert physics.state.diverged.tolist() == [False, True, False]
    assert torch.isfinite(physics.state.joint_pos).all()
    held = physics.state.object_pos_w[1].clone()
    for _ in range(5):
        physics.step()
    assert torch.equal(physics.state.object_pos_w[1], held)
    assert physics.state.diverged.tolist() == [False, True, False]
    park_hand(physics, allegro)
    assert not physics.state.diverged.any()
