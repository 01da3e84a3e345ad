"""What was kept of the clips of one skill, and the file that says so beside the clips."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Tuple

from pydantic import BaseModel, ConfigDict

from hot.intervals import Interval, wilson
from hot.policies import PolicyFile
from hot.writing import write_atomically


class SkillRefinement(BaseModel):
    """The clips of one skill that a policy was rolled out on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    skill: str
    hand: str
    object: str
    policy: PolicyFile
    source: str
    """Where the clips that were tracked are from: a file, or the planner with split and seed."""
    engine: str
    physics: Dict[str, Any]
    """Solver and time step."""
    clips: int
    kept: int
    """Succeeded by both rules, and did not diverge."""
    by_rule: int
    """Succeeded by the skill's own rule."""
    by_hot: int
    """Succeeded by the HOT rule."""
    too_short: int
    """Clips too short for the skill's rule, which are not kept."""
    diverged: int
    """Worlds that the engine gave up."""
    clip_frames: int
    """Control steps that were rolled out, not counting those after a clip's end."""
    seconds: float
    """From the clips that are tracked to those that are kept: engine, roll-out, rules [s]."""
    sources: Tuple[int, ...]
    """Number of each kept clip in the source, in order."""

    @property
    def rate(self) -> Interval:
        """Kept fraction with its 95 % interval."""
        return wilson(self.kept, self.clips)

    @property
    def clip_frames_per_second(self) -> float:
        """Of wall time."""
        return self.clip_frames / self.seconds

    def figures(self) -> Dict[str, Any]:
        """Everything as JSON values, derived figures too."""
        rate = self.rate
        derived = {"rate": rate.value, "low": rate.low, "high": rate.high}
        derived["clip_frames_per_second"] = self.clip_frames_per_second
        return {**self.model_dump(mode="json"), **derived}


def write_refinement(folder: Path, report: SkillRefinement) -> Path:
    """Write ``<folder>/<skill>.json``; its path.

    Raises:
        BadFileError: it cannot be written; an earlier file is left as it was.
    """
    path = Path(folder) / f"{report.skill}.json"
    with write_atomically(path) as temporary:
        temporary.write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return path
