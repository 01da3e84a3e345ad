"""Laws of engines kept for trials."""

from __future__ import annotations

from types import SimpleNamespace

import torch

from hot.hands import load_hand
from hot.objects import load_object
from hot.physics import PhysicsConfig
from hot.synthesis.worlds import Worlds, filled


def make(engine, most):
    return Worlds(load_hand("mano"), load_object("Ball"), PhysicsConfig(engine=engine, device="cpu"), most)


def test_parts_are_all_numbers_in_order_and_none_is_too_large():
    parts = list(make("mujoco", 4).parts(10))
    assert torch.cat(parts).tolist() == list(range(10)) and max(len(part) for part in parts) == 4
    assert list(make("mujoco", 4).parts(0)) == []


def test_filled_rows_repeat_the_first():
    assert filled(torch.tensor([3, 5]), 5).tolist() == [3, 5, 3, 3, 3]


def test_a_cpu_engine_has_as_many_worlds_as_are_asked_for_and_a_gpu_engine_as_many_as_there_may_be():
    for engine, expected in (("mujoco", 2), ("warp", 4)):
        worlds = make(engine, 4)
        assert worlds.of(2).num_worlds == expected
        worlds.free()


def test_a_gpu_engine_is_kept_and_no_force_is_left_from_the_trial_before(monkeypatch):
    forces, made = [], []

    def recording(scene, config):
        state = SimpleNamespace(object_pos_w=torch.ones(len(scene.world_object), 3))
        engine = SimpleNamespace(device=torch.device("cuda"), state=state, set_object_force=forces.append)
        made.append(engine)
        return engine

    monkeypatch.setattr("hot.synthesis.worlds.make_physics", recording)
    worlds = make("warp", 4)
    assert worlds.of(2) is worlds.of(3) and len(made) == 1
    assert [force.tolist() for force in forces] == [[[0.0] * 3] * 4] * 2
