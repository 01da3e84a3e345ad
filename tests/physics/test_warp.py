"""What is special to the MuJoCo Warp engine, on Warp's CPU device."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from hot import rotations
from hot.errors import PhysicsError
from hot.objects import load_object
from hot.physics import PhysicsConfig, Scene, make_physics

pytestmark = pytest.mark.slow  # the first run compiles kernels for about a minute
CONVERGED = {"iterations": 50, "ls_iterations": 50}


@pytest.fixture
def make(allegro):
    """Build engines and close them afterwards."""
    pytest.importorskip("mujoco_warp", reason="mujoco-warp is not installed")
    made = []

    def build(objects, world_object, engine: Any = "warp", **config):
        scene = Scene(allegro, objects, torch.tensor(world_object))
        made.append(make_physics(scene, PhysicsConfig(engine=engine, device="cpu", **config)))
        return made[-1]

    yield build
    for physics in made:
        physics.close()


def drop_on_palm(physics, hand):
    """The open hand, palm up, closes while an object that fell 1 mm lies down on it."""
    worlds = physics.num_worlds
    up, palm_z = torch.tensor([0.0, 0.0, 1.0]), rotations.rotate(hand.palm_quat_h, torch.tensor([0.0, 0.0, 1.0]))
    axis = torch.linalg.cross(palm_z, up)
    turn = rotations.from_axis_angle(axis / axis.norm(), torch.acos(palm_z @ up))
    joints = torch.zeros(worlds, hand.num_joints)
    joints[:, 2], joints[:, 3:6], joints[:, 6:] = 0.5, rotations.to_euler(turn), hand.open_fingers
    quat = rotations.normalize(torch.tensor([0.7, 0.1, 0.05, 0.7])).expand(worlds, 4).contiguous()
    pos = (joints[0, :3] + rotations.rotate(turn, hand.palm_pos_h)).repeat(worlds, 1)
    for world, which in enumerate(physics.scene.world_object.tolist()):
        parts = [torch.as_tensor(part, dtype=torch.float32) for part in physics.scene.objects[which].parts]
        pos[world, 2] += 0.001 - min(float(rotations.rotate(quat[0], part)[:, 2].min()) for part in parts)
    physics.write_state(torch.arange(worlds), joint_pos=joints, object_pos_w=pos, object_quat_w=quat)
    joints[:, 6:] += 0.3
    physics.set_targets(joints)


def compare(mixed, alone, worlds, tolerance):
    for world in worlds:
        for name in ("joint_pos", "object_pos_w"):
            seen, expected = getattr(mixed.state, name)[world], getattr(alone[world].state, name)[0]
            assert (seen - expected).abs().max() < tolerance, f"{name} of world {world}"


def test_each_world_equals_its_own_model_in_double_precision_in_the_hand(make, allegro):
    objects, world_object = [load_object("Sword"), load_object("Hammer"), load_object("Bottle")], [0, 1, 2, 0]
    mixed = make(objects, world_object, **CONVERGED)
    alone = [make([objects[which]], [0], engine="mujoco", **CONVERGED) for which in world_object]
    touched = torch.zeros(4, dtype=torch.bool)
    for physics in (mixed, *alone):
        drop_on_palm(physics, allegro)
    for step in range(10):
        for physics in (mixed, *alone):
            physics.step()
        touched |= mixed.state.touching
        compare(mixed, alone, range(4), 1e-5 if step < 4 else 2e-3)
        # Which points of two nearly parallel faces touch is decided by rounding; it does not come up for the sword.
        compare(mixed, alone, (0, 3), 1e-4)
    assert touched.all()
    assert mixed.overflow.item() == 0


def test_each_world_equals_its_own_model_in_double_precision_on_the_table(make, allegro):
    objects, world_object = [load_object(name) for name in ("Bottle", "Hammer", "Sword")], [0, 1, 2, 1]
    mixed = make(objects, world_object, **CONVERGED)
    alone = [make([objects[which]], [0], engine="mujoco", **CONVERGED) for which in world_object]
    for physics in (mixed, *alone):
        worlds = physics.num_worlds
        quat = rotations.normalize(torch.tensor([0.8, 0.3, 0.2, 0.1])).expand(worlds, 4)
        pos = torch.tensor([0.6, 0.0, 0.12]).expand(worlds, 3)
        physics.write_state(torch.arange(worlds), object_pos_w=pos, object_quat_w=quat)
        for _ in range(15):
            physics.step()
    assert mixed.state.object_linvel_w.norm(dim=-1).min() > 0
    assert (mixed.state.object_pos_w[:, 2] > 0).all()
    compare(mixed, alone, range(4), 1e-4)


def test_forces_on_impact_equal_those_in_double_precision(make, allegro, bottle):
    engines_ = [make([bottle], [0, 0], engine=name, **CONVERGED) for name in ("warp", "mujoco")]
    for physics in engines_:
        drop_on_palm(physics, allegro)
        for _ in range(3):
            physics.step()
    warp, exact = (physics.state for physics in engines_)
    assert exact.hand_force_w.norm() > 1.0
    assert torch.equal(warp.touching, exact.touching)
    torch.testing.assert_close(warp.hand_force_w, exact.hand_force_w, atol=2e-3, rtol=1e-3)
    torch.testing.assert_close(warp.contact_force_w, exact.contact_force_w, atol=2e-3, rtol=1e-3)


def test_worlds_do_not_touch_each_other(make, allegro):
    objects = [load_object("Bottle"), load_object("Sword")]
    mixed, alone = make(objects, [0, 1, 0]), make([objects[0]], [0])
    for physics in (mixed, alone):
        drop_on_palm(physics, allegro)
        for _ in range(10):
            physics.step()
    assert torch.equal(mixed.state.joint_pos[0], alone.state.joint_pos[0])
    assert torch.equal(mixed.state.object_quat_w[2], alone.state.object_quat_w[0])


def test_contacts_that_find_no_room_are_counted(make, allegro, bottle):
    ample, tight = make([bottle], [0, 0]), make([bottle], [0, 0], contacts=1)
    for physics in (ample, tight):
        drop_on_palm(physics, allegro)
        for _ in range(10):
            physics.step()
    assert ample.overflow.item() == 0
    assert tight.overflow.item() > 0


def test_a_diverged_world_stays_at_rest_until_it_is_written(make, allegro, bottle):
    physics = make([bottle], [0, 0])
    drop_on_palm(physics, allegro)
    physics.write_state(torch.tensor([1]), joint_vel=torch.full((1, allegro.num_joints), torch.nan))
    for _ in range(3):
        physics.step()
        assert physics.state.diverged.tolist() == [False, True]
    assert torch.isfinite(physics.state.object_pos_w).all()
    assert physics.state.object_linvel_w[1].abs().max() == 0
    assert not physics.state.touching[1]
    drop_on_palm(physics, allegro)
    physics.step()
    assert not physics.state.diverged.any()


def test_too_many_worlds_are_told_how_many_fit(allegro, bottle, monkeypatch):
    pytest.importorskip("mujoco_warp", reason="mujoco-warp is not installed")
    from hot.physics import warp_model
    from hot.physics.union import build_union

    config = PhysicsConfig()
    union = build_union(allegro, [bottle], config)
    sizes = warp_model.buffer_sizes(union, config, allegro.num_joints)
    each = warp_model.memory_per_world(union.model, sizes)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (int(100.5 * each), int(200 * each)))
    warp_model.check_memory(union.model, sizes, 100, torch.device("cuda:0"))
    with pytest.raises(PhysicsError, match="about 100 worlds would fit"):
        warp_model.check_memory(union.model, sizes, 101, torch.device("cuda:0"))
