"""How many reference frames are planned in a second, and what the checks cost."""

from __future__ import annotations

import time
from typing import Callable, Tuple, Union

import torch

from hot.config import Config
from hot.hands import HandSpec
from hot.motions import Motions
from hot.objects import ObjectSpec
from hot.planning.config import PlanningConfig
from hot.planning.generate import generate, skill_planner
from hot.planning.motion import to_motions

_SEED, _SPLIT = 1, "train"


class GenerationReport(Config):
    """Of one hand, object and skill on one device."""

    hand: str
    object: str
    skill: str
    device: str
    threads: int
    clips: int
    frames: int
    seconds: float
    """From the library of grasps to finished clips, with all checks and whatever is found once (ways to grasps, exits,
    changes of grip), but without the object's distance grid."""
    cpu_seconds: float
    """The same in time of this process on all cores: what counts on a machine that others use too."""
    bare_seconds: float
    """To draw as many candidates and make clips of them, nothing checked and nothing found."""

    @property
    def frames_per_s(self) -> float:
        """With all checks."""
        return self.frames / self.seconds

    @property
    def ratio(self) -> float:
        """Speed with checks as a share of that without."""
        return self.bare_seconds / self.seconds


def bench_generation(
    hand: HandSpec,
    object_spec: ObjectSpec,
    skill: str,
    clips: int,
    config: PlanningConfig,
    device: Union[str, torch.device] = "cpu",
) -> GenerationReport:
    """Plan ``clips`` clips twice and time the second; then without checks, in the same run.

    Raises:
        HotError: as :func:`hot.planning.generate`.
    """

    def checked() -> Motions:
        return generate(hand, object_spec, skill, clips, _SEED, config, _SPLIT, device=device)

    checked()
    before = time.process_time()
    seconds, motions = _timed(checked, device)
    cpu_seconds = time.process_time() - before
    planner = skill_planner(hand, object_spec, skill, _SEED, config, _SPLIT, device)
    planner.draw(clips)
    bare, _ = _timed(lambda: to_motions(planner.draw(clips), hand, object_spec.name, skill, {}), device)
    return GenerationReport(
        hand=hand.name,
        object=object_spec.name,
        skill=skill,
        device=str(device),
        threads=torch.get_num_threads(),
        clips=clips,
        frames=len(motions.contact),
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        bare_seconds=bare,
    )


def _timed(work: Callable[[], Motions], device: Union[str, torch.device]) -> Tuple[float, Motions]:
    """Seconds that some work takes, all of it done, and its result."""
    start = time.perf_counter()
    result = work()
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start, result
