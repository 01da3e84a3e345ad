"""Training: resumable to the bit, interruptible without loss, and honest about files that do not fit."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from hot.errors import BadFileError, ConfigError
from hot.policies import Policy
from hot.runs import Run
from hot.tracking import TrackingEnv
from hot.tracking.config import TaskConfig
from hot.training import TeacherData, train_teacher
from hot.training.checkpoints import load_checkpoint
from hot.training.config import NetworkConfig, PpoConfig

TASK = TaskConfig(episode_frames=12)


def small(epochs: int, **changes) -> PpoConfig:
    values = {"num_envs": 8, "horizon": 4, "minibatches": 2, "mini_epochs": 2, "save_every": 2}
    network = NetworkConfig(hidden=(32, 16), point_features=8)
    return PpoConfig(**{**values, **changes}, epochs=epochs, network=network)


@pytest.fixture
def data(allegro, bottle, hover) -> TeacherData:
    return TeacherData(allegro, {"Bottle": bottle}, hover)


def new_run(path) -> Run:
    return Run.create(path, "hand: allegro\n", {"hand": "allegro", "object": "Bottle", "stage": 1, "seed": 3})


def weights(run: Run) -> dict:
    return load_checkpoint(run.checkpoint_path)["model"]


def test_a_teacher_is_trained_saved_and_acts(tmp_path, data, allegro, bottle, hover):
    run, seen = new_run(tmp_path / "run"), []
    policy = train_teacher(
        data, TASK, small(3), run, seed=3, progress=lambda what, done, total, figures: seen.append((done, figures))
    )
    assert [done for done, _ in seen] == [1, 2, 3]
    assert {"reward", "object_cm", "hand_cm", "completed", "steps_per_s"} <= set(seen[0][1])
    assert run.status == "finished"
    loaded = Policy.load(run.policy_path)
    assert loaded.spec.trained["samples"] == 3 * 8 * 4
    env = TrackingEnv(allegro, {"Bottle": bottle}, hover, TASK, 2, seed=1)
    observation = env.reset()
    assert torch.equal(loaded.act(observation), policy.act(observation))
    env.close()
    assert list(run.log_path.rglob("events.out.tfevents*"))


def test_the_exported_policy_is_the_network_that_was_trained(tmp_path, data):
    run = new_run(tmp_path / "run")
    policy = train_teacher(data, TASK, small(2), run, seed=3)
    model = weights(run)
    trained = {k.split("actor.", 1)[1]: v for k, v in model.items() if k.startswith("a2c_network.actor.")}
    for name, value in policy.actor.state_dict().items():
        assert torch.equal(value, trained[name]), name


def test_four_epochs_equal_two_and_two_to_the_bit(tmp_path, data):
    whole, parts = new_run(tmp_path / "whole"), new_run(tmp_path / "parts")
    train_teacher(data, TASK, small(4), whole, seed=3)
    train_teacher(data, TASK, small(2), parts, seed=3)
    train_teacher(data, TASK, small(4), parts, seed=3, resume=True)
    first, second = weights(whole), weights(parts)
    assert first.keys() == second.keys()
    for name in first:
        assert torch.equal(first[name], second[name]), name


def test_different_seeds_train_differently(tmp_path, data):
    a, b = new_run(tmp_path / "a"), new_run(tmp_path / "b")
    train_teacher(data, TASK, small(1), a, seed=3)
    train_teacher(data, TASK, small(1), b, seed=4)
    name = "a2c_network.actor.hidden.0.weight"
    assert not torch.equal(weights(a)[name], weights(b)[name])


def test_a_warm_start_takes_networks_and_normalisers(tmp_path, data):
    first, second = new_run(tmp_path / "first"), new_run(tmp_path / "second")
    train_teacher(data, TASK, small(2), first, seed=3)
    frozen = small(1, learning_rate=1e-12, mini_epochs=1)
    train_teacher(data, TASK, frozen, second, seed=9, start=first.checkpoint_path)
    name = "a2c_network.critic.hidden.0.weight"
    torch.testing.assert_close(weights(first)[name], weights(second)[name], atol=1e-4, rtol=0)
    assert load_checkpoint(second.checkpoint_path)["epoch"] == 1


@pytest.mark.parametrize("damage", ["missing", "truncated", "foreign", "other network"])
def test_a_checkpoint_that_cannot_be_resumed_is_named(tmp_path, data, damage):
    run = new_run(tmp_path / "run")
    if damage != "missing":
        train_teacher(data, TASK, small(1), run, seed=3)
    config = small(2)
    if damage == "truncated":
        run.checkpoint_path.write_bytes(run.checkpoint_path.read_bytes()[:500])
    if damage == "foreign":
        torch.save({"weights": torch.zeros(3)}, run.checkpoint_path)
    if damage == "other network":
        config = config.model_copy(update={"network": NetworkConfig(hidden=(16,), point_features=8)})
    with pytest.raises(BadFileError, match="checkpoint"):
        train_teacher(data, TASK, config, run, seed=3, resume=True)


def test_a_batch_that_does_not_divide_is_refused(tmp_path, data):
    with pytest.raises(ConfigError, match=r"ppo\.minibatches = 3"):
        train_teacher(data, TASK, small(1, minibatches=3), new_run(tmp_path / "run"), seed=3)


SCRIPT = """
import sys, torch
sys.path.insert(0, {root!r})
from pathlib import Path
from tests.conftest import hover_motions
from tests.training.test_teacher import TASK, new_run, small
from hot.hands import load_hand
from hot.objects import load_object
from hot.training import TeacherData, train_teacher
hand, bottle = load_hand("allegro"), load_object("Bottle")
data = TeacherData(hand, {{"Bottle": bottle}}, hover_motions(hand, bottle))
report = lambda what, done, total, figures: print(done, flush=True)
train_teacher(data, TASK, small(100000), new_run(Path(sys.argv[1])), seed=3, progress=report)
"""


def start_training(tmp_path) -> subprocess.Popen:
    """A training in another process, past its third epoch."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    command = [sys.executable, "-c", SCRIPT.format(root=root), str(tmp_path / "run")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    while process.stdout.readline().strip() != "3":
        assert process.poll() is None, process.stderr and process.stderr.read()
    return process


def test_ctrl_c_keeps_the_epoch_in_progress(tmp_path, data):
    process = start_training(tmp_path)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) != 0
    run = Run.open(tmp_path / "run")
    assert run.status == "interrupted"
    epoch = load_checkpoint(run.checkpoint_path)["epoch"]
    assert epoch >= 3
    train_teacher(data, TASK, small(epoch + 1), run, seed=3, resume=True)
    assert load_checkpoint(run.checkpoint_path)["epoch"] == epoch + 1


def test_a_kill_leaves_the_last_checkpoint_whole(tmp_path, data):
    process = start_training(tmp_path)
    time.sleep(0.3)
    process.kill()
    process.wait(timeout=60)
    run = Run.open(tmp_path / "run")
    assert json.loads(run.state_path.read_text())["status"] == "running"
    epoch = load_checkpoint(run.checkpoint_path)["epoch"]
    Policy.load(run.policy_path)
    train_teacher(data, TASK, small(epoch + 1), run, seed=3, resume=True)
    assert run.status == "finished"
