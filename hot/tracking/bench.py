"""How much of the engine's speed the task keeps: environment steps against bare physics steps, same run."""

from __future__ import annotations

import time
from typing import Dict, List, Tuple

import torch
from torch import Tensor

from hot.config import Config
from hot.progress import Progress, silent
from hot.tracking.env import TrackingEnv


class BenchReport(Config):
    """Rates of one hand and object on one machine, and what they were measured with."""

    hand: str
    object: str
    worlds: int
    substeps: int
    iterations: int
    threads: int
    steps: int
    contacts: float
    """Mean share of worlds in which hand and object touched."""
    env_steps_per_s: float
    """Observation, reward and restarts included, no policy."""
    physics_steps_per_s: float
    """The engine alone, from the same states with the same targets."""

    @property
    def ratio(self) -> float:
        """Share of the engine's speed that the environment keeps."""
        return self.env_steps_per_s / self.physics_steps_per_s


def bench(env: TrackingEnv, steps: int, rounds: int = 3, progress: Progress = silent) -> BenchReport:
    """Time environment steps, then bare engine steps from the same states with the same targets.

    Both are repeated in turn, and each is reported at its fastest round, so that a passing load on the
    machine does not decide the ratio.

    Args:
        env: stepped with zero actions, after as many steps of warm-up.
        steps: control steps a round.
    """
    env.reset()
    idle = torch.zeros(env.num_envs, env.num_actions, device=env.device)
    for _ in range(steps):
        env.step(idle)
    start = env.snapshot()
    moments, touching = _record(env, idle, steps)
    whole: List[float] = []
    alone: List[float] = []
    for turn in range(rounds):
        env.restore(start)
        began = _now(env.device)
        for _ in range(steps):
            env.step(idle)
        whole.append(_now(env.device) - began)
        alone.append(env.physics.time_alone(moments))
        progress("benchmark", turn + 1, rounds, {"ratio": alone[-1] / whole[-1]})
    physics, worlds = env.config.physics, env.num_envs
    return BenchReport(
        hand=env.hand.name,
        object=", ".join(env.motions.objects),
        worlds=worlds,
        substeps=physics.substeps,
        iterations=physics.iterations,
        threads=torch.get_num_threads(),
        steps=steps,
        contacts=touching,
        env_steps_per_s=steps * worlds / min(whole),
        physics_steps_per_s=steps * worlds / min(alone),
    )


def _now(device: torch.device) -> float:
    """Seconds on a clock that waits for the device's work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def _record(env: TrackingEnv, action: Tensor, steps: int) -> Tuple[List[Dict[str, Tensor]], float]:
    """Engine states just before each step, with the targets of that step; and the mean share of touching worlds."""
    moments, touching = [], 0.0
    for _ in range(steps):
        before = env.physics.snapshot()
        env.step(action)
        moments.append({**before, "targets": env.physics.snapshot()["targets"]})
        touching += float(env.physics.state.touching.float().mean()) / steps
    return moments, touching
