"""The loop of training, its clock, its figures and its checkpoints, around rl-games' PPO."""

from __future__ import annotations

import contextlib
import math
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Tuple

import numpy as np
import torch
from torch import Tensor

from hot.policies import Actor
from hot.training.checkpoints import fitting, load_checkpoint
from hot.training.config import PpoConfig
from hot.training.ppo import Agent
from hot.training.ranks import ALONE, Ranks
from hot.training.vecenv import VecEnv
from hot.writing import write_atomically

AfterEpoch = Callable[["Learner", Dict[str, float]], bool]
"""Called after each epoch with the learner and the epoch's figures; True, on all ranks alike, stops the training."""


class Learner:
    """PPO on one environment. Holds what a checkpoint holds.

    Args:
        env: the environment; every rank has its own.
        config: PPO's numbers.
        points: object points that end the observation.
        seed: of network, exploration and rl-games' own draws; at least 1, since rl-games ignores 0.
        log: folder for TensorBoard files.
        ranks: the processes that train this network together.
        make_agent: what learns, from the other arguments but the seed.
    """

    def __init__(
        self,
        env: VecEnv,
        config: PpoConfig,
        points: int,
        seed: int,
        log: Path,
        ranks: Ranks = ALONE,
        make_agent: Callable[..., Agent] = Agent,
    ) -> None:
        self.env, self.config, self._ranks = env, config, ranks
        torch.manual_seed(seed)  # networks start alike on all ranks; exploration then differs
        np.random.seed(seed)
        self.agent = make_agent(env, config, points, log, ranks)
        if not ranks.leads:
            torch.manual_seed(ranks.seed(seed))
        self._seconds, self._began = 0.0, time.monotonic()
        self._running = False

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return int(self.agent.epoch_num)

    @property
    def samples(self) -> int:
        """Environment steps taken, of all worlds of all ranks."""
        return self.epoch * int(self.agent.batch_size) * self._ranks.count

    @property
    def seconds(self) -> float:
        """Time spent in :meth:`train`, in earlier parts of a resumed run too [s]."""
        return self._seconds + (time.monotonic() - self._began if self._running else 0.0)

    @property
    def share(self) -> float:
        """How much of the training is done: of the epochs, or of the time where that is nearer its end."""
        of_time = self.seconds / self.config.seconds if self.config.seconds else 0.0
        return max(self.epoch / self.config.epochs, of_time)

    def train(self, after_epoch: AfterEpoch) -> None:
        """Run epochs until ``after_epoch`` says to stop."""
        with self._clock(), fast_matmul(self.env.env.device):
            self.agent.begin()
            stop = False
            while not stop:
                began, share = time.monotonic(), self._ranks.share(self.share)
                figures = self._read(self.agent.run_epoch(min(share, 1.0)), began)
                self._ranks.average(self.env.env.sampler.counts)
                stop = after_epoch(self, figures)

    def _read(self, learning: Dict[str, Tensor], began: float) -> Dict[str, float]:
        """An epoch's figures as numbers: the one place where an epoch waits for the GPU."""
        tracked = self.env.tally.read(self._ranks.average)
        numbers = dict(zip(learning, torch.stack([value.float() for value in learning.values()]).tolist()))
        steps = self.agent.batch_size * self._ranks.count
        figures = {
            "perf/samples": float(self.samples),
            "perf/seconds": self.seconds,
            "perf/steps_per_s": steps / (time.monotonic() - began),
            **{f"track/{name}": value for name, value in tracked.items()},
            **numbers,
        }
        for name, value in figures.items() if self._ranks.leads else ():
            self.agent.writer.add_scalar(name, value, self.samples)
        return figures

    @contextlib.contextmanager
    def _clock(self) -> Iterator[None]:
        self._began, self._running = time.monotonic(), True
        try:
            yield
        finally:
            self._seconds, self._running = self.seconds, False
            self.agent.writer.flush()

    def close(self) -> None:
        """Write out the TensorBoard log and end the threads that do so."""
        self.agent.writer.close()

    @property
    def normaliser(self) -> Tuple[Tensor, Tensor]:
        """Mean and standard deviation (O,) by which observations are normalised."""
        stats = self.agent.model.running_mean_std
        return stats.running_mean.float(), (stats.running_var.float() + 1e-5).sqrt()

    @property
    def actor(self) -> Actor:
        """The actor in training."""
        return self.agent.model.a2c_network.actor

    def save(self, path: Path) -> None:
        """Write everything that training needs to go on: to the bit, where one process trains on a CPU.

        The environment and the random numbers are this rank's; see :meth:`restore`.

        Raises:
            BadFileError: it cannot be written; an earlier checkpoint is left as it was.
        """
        agent = self.agent
        state = {
            "epoch": self.epoch,
            "frame": int(agent.frame),
            "seconds": self.seconds,
            "learning_rate": float(agent.schedule.rate),
            "model": agent.model.state_dict(),
            "optimizer": agent.optimizer.state_dict(),
            "agent": agent.snapshot(),
            "environment": self.env.snapshot(),
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state() if torch.cuda.is_available() else None,
        }
        with write_atomically(path) as temporary:
            torch.save(state, temporary)

    def restore(self, path: Path) -> None:
        """Continue from a checkpoint of a learner that was made the same way.

        The leader goes on where its environment was; the others start theirs anew, since only its is in the file.

        Raises:
            BadFileError: missing, damaged, or of another task or network.
        """
        state, agent = load_checkpoint(path), self.agent
        with fitting(path):
            agent.model.load_state_dict(state["model"])
            agent.optimizer.load_state_dict(state["optimizer"])
            agent.schedule.rate.fill_(state["learning_rate"])
            agent.use_rate()
            agent.epoch_num, agent.frame = state["epoch"], state["frame"]
            agent.restore_snapshot(state.get("agent", {}))  # none is in older checkpoints
            self._seconds = state["seconds"]
            if self._ranks.leads:
                self._restore_own(state)

    def _restore_own(self, state: Dict[str, Any]) -> None:
        self.env.restore(state["environment"])
        torch.set_rng_state(state["random"])
        if state["random_cuda"] is not None and torch.cuda.is_available():
            torch.cuda.set_rng_state(state["random_cuda"])

    def warm_start(self, path: Path) -> None:
        """Take networks and normalisers from another run's checkpoint; optimiser and counters start fresh, and
        exploration is as wide as in a new run at least: what comes is harder than what is known.

        Raises:
            BadFileError: missing, damaged, or of another network.
        """
        with fitting(path):
            self.agent.model.load_state_dict(load_checkpoint(path)["model"])
        with torch.no_grad():
            self.agent.model.a2c_network.log_std.clamp_(min=math.log(self.config.network.initial_std))


@contextlib.contextmanager
def fast_matmul(device: torch.device) -> Iterator[None]:
    """Let a GPU multiply matrices in TF32: PPO's noise is far coarser than its 10 bits."""
    before = torch.get_float32_matmul_precision()
    if device.type == "cuda":
        torch.set_float32_matmul_precision("high")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
