"""How fast grasps are made, and what share of the candidates is one."""

from __future__ import annotations

import time
from typing import Callable, List, Tuple, TypeVar

import torch

from hot.config import Config
from hot.hands import HandSpec
from hot.objects import ObjectSpec
from hot.physics import PhysicsConfig
from hot.progress import Progress, silent
from hot.synthesis.config import GraspConfig
from hot.synthesis.resting import RestingPoses
from hot.synthesis.synthesiser import Synthesiser

_Result = TypeVar("_Result")
_WARM_UP = 64
"""Candidates of the batch before those that count: enough to compile and record every kernel."""


class GraspBenchReport(Config):
    """Of one hand and object on one machine; compiling and recording kernels is not in the times."""

    hand: str
    object: str
    engine: str
    substeps: int
    iterations: int
    candidates: int
    """Hands that were tried in physics or could not even be opened, all batches."""
    grasps: int
    """Those that passed every test."""
    plan_seconds: float
    trial_seconds: float
    first_seconds: float
    """Time of the batch before, with what is made once."""
    penetration_mm: float
    """Mean of the grasps."""

    @property
    def pass_rate(self) -> float:
        """Share of the candidates that passed."""
        return self.grasps / self.candidates

    @property
    def grasps_per_s(self) -> float:
        """Passed grasps a second, planning included."""
        return self.grasps / (self.plan_seconds + self.trial_seconds)


def bench_grasps(
    hand: HandSpec,
    object_spec: ObjectSpec,
    resting: RestingPoses,
    config: GraspConfig,
    physics: PhysicsConfig,
    batches: int,
    seed: int,
    progress: Progress = silent,
) -> GraspBenchReport:
    """Make ``batches`` batches after a first one that does not count; equal shares for all resting poses."""
    generator = torch.Generator().manual_seed(seed)
    made = Synthesiser(hand, object_spec, resting, config, physics, generator, progress)
    wanted = dict.fromkeys(range(len(resting)))
    plans: List[float] = []
    trials: List[float] = []
    depths = torch.zeros(0)
    try:
        for number in range(batches + 1):
            count = made.candidates if number else min(_WARM_UP, made.candidates)
            seeds, drawing = _timed(lambda: made.draw(wanted, count), made.device)  # noqa: B023  called at once
            candidates, planning = _timed(lambda: made.plan(seeds, count), made.device)  # noqa: B023
            batch, trial = _timed(lambda: made.attempt(seeds, candidates), made.device)  # noqa: B023
            plans.append(drawing + planning)
            trials.append(trial)
            depths = torch.cat([depths, batch.grasps.penetration]) if number else depths
            progress("making grasps", number, batches, {"grasps": float(len(depths))})
    finally:
        made.close()
    return GraspBenchReport(
        hand=hand.name,
        object=object_spec.name,
        engine=physics.engine,
        substeps=physics.substeps,
        iterations=physics.iterations,
        candidates=batches * made.candidates,
        grasps=len(depths),
        plan_seconds=sum(plans[1:]),
        trial_seconds=sum(trials[1:]),
        first_seconds=plans[0] + trials[0],
        penetration_mm=1e3 * float(depths.mean()) if len(depths) else 0.0,
    )


def _timed(call: Callable[[], _Result], device: torch.device) -> Tuple[_Result, float]:
    began = time.perf_counter()
    result = call()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return result, time.perf_counter() - began
