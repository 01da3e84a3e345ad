"""How much of the environment's speed learning keeps, and how much of it rl-games costs, in one run."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Callable, Dict, List

import torch

from hot.config import Config
from hot.progress import Progress, silent
from hot.tracking import TrackingEnv
from hot.training.config import PpoConfig
from hot.training.learner import Learner, fast_matmul
from hot.training.plain import PlainPpo
from hot.training.vecenv import VecEnv

_WARM_UP = 3
"""Epochs before the clock starts: kernels are compiled and memory is claimed in the first ones."""


class TrainingBenchReport(Config):
    """Environment steps a second with learning included, and what they were measured with."""

    worlds: int
    horizon: int
    minibatches: int
    mini_epochs: int
    epochs: int
    training_steps_per_s: float
    """Roll-outs and updates by rl-games, as :func:`hot.training.train_teacher` runs them, without checkpoints."""
    plain_steps_per_s: float
    """The same by a loop that does nothing else."""

    @property
    def ratio(self) -> float:
        """Speed of rl-games as a share of the plain loop's."""
        return self.training_steps_per_s / self.plain_steps_per_s


def bench_training(
    env: TrackingEnv, ppo: PpoConfig, epochs: int, progress: Progress = silent, seed: int = 1
) -> TrainingBenchReport:
    """Time epochs of rl-games, then of the plain loop, each with fresh networks on the same environment.

    Args:
        ppo: its ``num_envs`` must be the environment's.
        epochs: how many to time, after some of warm-up.
    """
    points, samples = env.config.observation.points, env.num_envs * ppo.horizon
    with tempfile.TemporaryDirectory() as folder:
        learner = Learner(VecEnv(env), ppo, points, seed, Path(folder) / "log")
        ours = _seconds_of(learner, epochs, progress)
    with fast_matmul(env.device):
        loop = PlainPpo(VecEnv(env), ppo, points)
        plain = _seconds(loop.run_epoch, env.device, epochs, progress)
    return TrainingBenchReport(
        worlds=env.num_envs,
        horizon=ppo.horizon,
        minibatches=ppo.minibatches,
        mini_epochs=ppo.mini_epochs,
        epochs=epochs,
        training_steps_per_s=epochs * samples / ours,
        plain_steps_per_s=epochs * samples / plain,
    )


def _seconds_of(learner: Learner, epochs: int, progress: Progress) -> float:
    """Seconds that rl-games' epochs take; each ends with reading its figures, which waits for the device."""
    ends: List[float] = []

    def note(_: Learner, figures: Dict[str, float]) -> bool:
        ends.append(time.perf_counter())
        progress("learning by rl-games", len(ends), _WARM_UP + epochs, {"steps_per_s": figures["perf/steps_per_s"]})
        return len(ends) == _WARM_UP + epochs

    learner.train(note)
    return ends[-1] - ends[_WARM_UP - 1]


def _seconds(epoch: Callable[[], None], device: torch.device, epochs: int, progress: Progress) -> float:
    began = 0.0
    for done in range(_WARM_UP + epochs):
        if done == _WARM_UP:
            began = _now(device)
        epoch()
        progress("learning by a plain loop", done + 1, _WARM_UP + epochs, {})
    return _now(device) - began


def _now(device: torch.device) -> float:
    """The time when the device has done what it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
