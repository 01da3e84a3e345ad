"""Training on a toy engine, so that it is tried where MuJoCo cannot be, as on Python 3.8."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict

import pytest
import torch
from torch import Tensor

from hot.hands import Kinematics
from hot.physics import CONTROL_DT, PhysicsConfig, Scene, State, clear, overwrite
from hot.policies import Policy
from hot.runs import Run
from hot.tracking.config import TaskConfig
from hot.training import TeacherData, train_teacher
from hot.training.checkpoints import load_checkpoint
from hot.training.config import NetworkConfig, PpoConfig

_WRITTEN = ("joint_pos", "joint_vel", "object_pos_w", "object_quat_w", "object_linvel_w", "object_angvel_w")


@dataclass
class ToyPhysics:
    """The engine's seam without an engine: joints go half of the way to their targets, and objects stay."""

    scene: Scene
    config: PhysicsConfig
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    def __post_init__(self) -> None:
        hand = self.scene.hand
        n = self.num_worlds = len(self.scene.world_object)
        sizes: Dict[str, Any] = {"key_pos_w": (len(hand.key_bodies), 3), "tip_pos_w": (hand.num_fingers, 3)}
        sizes.update(joint_pos=(hand.num_joints,), joint_vel=(hand.num_joints,), wrist_quat_w=(4,), object_quat_w=(4,))
        sizes.update(dict.fromkeys(("wrist_linvel_w", "wrist_angvel_w", "hand_force_w"), (3,)))
        sizes.update(dict.fromkeys(("object_pos_w", "object_linvel_w", "object_angvel_w"), (3,)))
        sizes["contact_force_w"] = (len(hand.contact_bodies), 3)
        flags = {name: torch.zeros(n, dtype=torch.bool) for name in ("touching", "diverged")}
        self.state = State(**{name: torch.zeros(n, *size) for name, size in sizes.items()}, **flags)
        self.overflow = torch.zeros(1, dtype=torch.int64)
        self._targets, self._kinematics = torch.zeros(n, hand.num_joints), Kinematics(hand)
        self._read()

    def write_state(self, world_ids: Tensor, **values: Tensor) -> None:
        for name, value in values.items():
            overwrite(getattr(self.state, name), world_ids, value)
        if "joint_pos" in values:
            overwrite(self._targets, world_ids, values["joint_pos"])
        clear(self.state.diverged, world_ids)
        self._read()

    def set_targets(self, joint_targets: Tensor) -> None:
        self._targets.copy_(joint_targets)

    def step(self) -> None:
        state = self.state
        way = 0.5 * (self._targets - state.joint_pos)
        state.joint_pos.add_(way)
        state.joint_vel.copy_(way / CONTROL_DT)
        self._read()

    def _read(self) -> None:
        state, poses = self.state, self._kinematics.forward(self.state.joint_pos)
        state.key_pos_w.copy_(self._kinematics.key_points(poses))
        state.tip_pos_w.copy_(self._kinematics.fingertips(poses))
        state.wrist_quat_w.copy_(poses.quat_w[:, 0])
        linear, angular = self._kinematics.wrist_velocity(state.joint_pos, state.joint_vel)
        state.wrist_linvel_w.copy_(linear)
        state.wrist_angvel_w.copy_(angular)

    def snapshot(self) -> Dict[str, Tensor]:
        held = {name: getattr(self.state, name).clone() for name in _WRITTEN}
        return {**held, "targets": self._targets.clone()}

    def restore(self, snapshot: Dict[str, Tensor]) -> None:
        self.write_state(torch.arange(self.num_worlds), **{name: snapshot[name] for name in _WRITTEN})
        self._targets.copy_(snapshot["targets"])

    def close(self) -> None:
        """There is nothing to free."""


@pytest.fixture
def data(allegro, bottle, hover, monkeypatch) -> TeacherData:
    monkeypatch.setattr("hot.tracking.env.make_physics", ToyPhysics)
    return TeacherData(allegro, {"Bottle": bottle}, hover)


def train(data, path, epochs: int, resume: bool = False):
    """Some epochs in the run at ``path``, and that run."""
    facts = {"hand": "allegro", "object": "Bottle", "stage": 1, "seed": 3}
    run = Run.open(path) if resume else Run.create(path, "hand: allegro\n", facts)
    network = NetworkConfig(hidden=(32, 16), point_features=8)
    ppo = PpoConfig(num_envs=8, horizon=4, minibatches=2, mini_epochs=2, save_every=2, epochs=epochs, network=network)
    task = TaskConfig(episode_frames=12)
    return train_teacher(data, task, ppo, run, seed=3, resume=resume), run


def test_a_teacher_is_trained_saved_and_acts(tmp_path, data):
    policy, run = train(data, tmp_path / "run", 3)
    loaded = Policy.load(run.policy_path)
    assert run.status == "finished" and loaded.spec.trained["samples"] == 3 * 8 * 4
    observation = torch.randn(2, loaded.spec.num_observations)
    assert torch.equal(loaded.act(observation), policy.act(observation))


def test_training_goes_on_to_the_bit(tmp_path, data):
    _, whole = train(data, tmp_path / "whole", 4)
    train(data, tmp_path / "parts", 2)
    _, parts = train(data, tmp_path / "parts", 4, resume=True)
    first, second = (load_checkpoint(run.checkpoint_path)["model"] for run in (whole, parts))
    assert first.keys() == second.keys()
    for name in first:
        assert torch.equal(first[name], second[name]), name
