"""Picking an engine by name."""

from __future__ import annotations

import sys

import pytest
import torch

from hot.errors import MissingDependencyError
from hot.physics import PhysicsConfig, Scene, make_physics


@pytest.fixture
def scene(allegro, bottle):
    return Scene(allegro, [bottle], torch.zeros(1, dtype=torch.long))


@pytest.mark.parametrize(("engine", "package"), [("warp", "mujoco-warp"), ("mujoco", "mujoco")])
def test_a_missing_package_is_named_with_its_command(scene, monkeypatch, engine, package):
    monkeypatch.setitem(
        sys.modules, {"warp": "hot.physics.mujoco_warp", "mujoco": "hot.physics.mujoco_cpu"}[engine], None
    )
    with pytest.raises(MissingDependencyError, match=rf"pip install '{package}>=4\.0'"):
        make_physics(scene, PhysicsConfig(engine=engine))


def test_auto_takes_the_cpu_engine_where_there_is_no_gpu(scene, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    physics = make_physics(scene, PhysicsConfig(engine="auto"))
    assert type(physics).__name__ == "MujocoPhysics"
    physics.close()
