"""The tracking environment in the shape a PPO engine wants, counting what happens on the way."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Tuple

import torch
from torch import Tensor

from hot.tracking import Step, TrackingEnv


class Tally:
    """Sums over worlds and steps, kept on the device and read once an epoch."""

    NAMES = ("reward", "object_cm", "turn_deg", "hand_cm", "ended", "completed")

    def __init__(self, device: torch.device) -> None:
        self._sums = torch.zeros(len(self.NAMES), device=device)
        self._count = 0

    def add(self, step: Step) -> None:
        """Count one step of all worlds."""
        rows = [
            step.reward.sum(),
            100.0 * step.object_error.sum(),
            torch.rad2deg(step.turn_error).sum(),
            100.0 * step.hand_error.sum(),
            step.done.sum(),
            step.timed_out.sum(),
        ]
        self._sums += torch.stack([row.float() for row in rows])
        self._count += len(step.reward)

    def read(self, average: Callable[[List[Tensor]], None]) -> Dict[str, float]:
        """Means since the last reading, then start again.

        ``average`` overwrites tensors with their means over ranks, each of which has taken as many steps.
        ``completed`` is the share of ended episodes that were not given up, ``length`` their mean frames.
        """
        average([self._sums])
        sums = dict(zip(self.NAMES, self._sums.tolist()))
        count, ended = max(self._count, 1), max(sums.pop("ended"), 1.0)
        completed = sums.pop("completed") / ended
        means = {name: value / count for name, value in sums.items()}
        self._sums.zero_()
        self._count = 0
        return {**means, "completed": completed, "length": count / ended}


class VecEnv:
    """Flat tensors in and out. After :meth:`restore` the next :meth:`reset` goes on instead of starting anew."""

    def __init__(self, env: TrackingEnv) -> None:
        self.env = env
        self.tally = Tally(env.device)
        self.observation = torch.zeros(env.num_envs, env.num_observations, device=env.device)
        self._continues = False

    def reset(self) -> Tensor:
        """First observations (N, O)."""
        if not self._continues:
            self.observation = self.env.reset()
        self._continues = False
        return self.observation

    def step(self, action: Tensor) -> Tuple[Tensor, Tensor, Tensor, Dict[str, Tensor]]:
        """Observations, rewards, dones, and which of the dones were time-outs."""
        step = self.env.step(action)
        self.tally.add(step)
        self.observation = step.observation
        return step.observation, step.reward, step.done, {"time_outs": step.timed_out}

    def snapshot(self) -> Dict[str, Any]:
        """What a resumed training needs of the environment."""
        return {**self.env.snapshot(), "observation": self.observation.clone()}

    def restore(self, snapshot: Dict[str, Any]) -> None:
        """Continue from a :meth:`snapshot`."""
        rest = dict(snapshot)
        self.observation = rest.pop("observation")
        self.env.restore(rest)
        self._continues = True
