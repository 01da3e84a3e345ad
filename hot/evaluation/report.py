"""The result of an evaluation, and its text as JSON, which holds everything, and as CSV, one row a skill."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

from pydantic import BaseModel, ConfigDict, ValidationError

from hot.errors import BadFileError
from hot.evaluation.csv_text import as_csv

OPEN_LOOP = "open loop"
"""Name of the controller that replays the reference's targets."""
POLICY = "policy"
"""Name of any other controller."""
PLAIN = "plain"
"""Name of the condition in which nothing disturbs the worlds but the perturbation of start states."""


class _Result(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rate(_Result):
    """How many of the judged clips succeeded, with the Wilson 95 % interval of the rate."""

    successes: int
    clips: int
    low: float
    high: float

    @property
    def value(self) -> Optional[float]:
        """The rate in [0, 1]; None where no clip was judged."""
        return self.successes / self.clips if self.clips else None


class ClipScore(_Result):
    """One clip: its mean errors (None: the simulation was not finite) and what each rule says (None: not judged)."""

    clip_id: int
    means: Dict[str, Optional[float]]
    success: Dict[str, Optional[bool]]
    pose: Optional[str] = None
    """Class of the pose in which the object rests; None for skills without one."""


class PoseReport(_Result):
    """The clips of one class of resting pose: where a grasp begins, where a place ends."""

    pose: str
    """standing, lying or odd; "any" for an object without a long axis."""
    clips: int
    share: float
    """Of all clips, in [0, 1]."""
    rates: Dict[str, Rate]


class SkillReport(_Result):
    """One controller on the clips of one skill, or on composed sequences, with one hand and one object, in one
    condition on one engine."""

    hand: str
    object: str
    size: float = 1.0
    """Of the object, as a factor of its own lengths."""
    skill: str
    """Its name; of composed sequences the script's, or "random"."""
    controller: str
    """Name of the policy, or "open loop"."""
    policy: Optional[str] = None
    """Where the policy came from; None for the open loop."""
    unseen: Tuple[str, ...] = ()
    """What of these clips a policy that is judged on them was never trained on: object, skill, size or sequence."""
    condition: str = PLAIN
    """"plain", or what disturbs the worlds."""
    engine: str = ""
    """Name of the engine; empty if the trace did not come from :func:`judge`."""
    noise: float = 0.0
    """Probability of each perturbation item of the start state."""
    clips: int
    frames: int
    """Frames of the longest clip."""
    nonfinite_clips: int
    """Clips whose simulation left the finite numbers: failures of every rule, and left out of the mean errors."""
    rates: Dict[str, Rate]
    means: Dict[str, Optional[float]]
    scores: Tuple[ClipScore, ...]
    poses: Tuple[PoseReport, ...] = ()
    """By class of resting pose; empty for skills that neither begin nor end on the table."""


class Difference(_Result):
    """First minus second over paired clips, with its 95 % interval; None stands for unbounded or unknown."""

    clips: int
    value: Optional[float]
    low: Optional[float]
    high: Optional[float]


class Comparison(_Result):
    """Two controllers, or one on two engines, on the same clips in the same condition."""

    hand: str
    object: str
    size: float = 1.0
    skill: str
    condition: str = PLAIN
    first: str
    second: str
    rates: Dict[str, Difference]
    means: Dict[str, Difference]


class LeftOut(_Result):
    """Something that was asked for and could not be judged."""

    object: str
    skill: Optional[str] = None
    """None for all skills, sizes and sequences."""
    size: float = 1.0
    reason: str


class Report(_Result):
    """A whole evaluation and the settings that reproduce it."""

    hand: str
    objects: Tuple[str, ...]
    physics: Dict[str, Dict[str, Any]]
    """The physics choices of each engine, as plain numbers."""
    seed: int
    noise: float
    """Of every condition but those that name their own."""
    policy: Optional[str] = None
    """Where the policy came from, if all objects were judged with one; None if only the open loop ran."""
    skills: Tuple[SkillReport, ...]
    comparisons: Tuple[Comparison, ...] = ()
    left_out: Tuple[LeftOut, ...] = ()

    def to_json(self) -> str:
        """Everything, indented."""
        return self.model_dump_json(indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Report:
        """The report that :meth:`to_json` wrote.

        Raises:
            ValidationError: not such a text.
        """
        return cls.model_validate_json(text)

    def to_csv(self) -> str:
        """One row per hand, object, size, skill, controller, condition and engine, followed by one per class of resting
        pose, whose means are empty; a rate is followed by its interval and clip count."""
        rows = [row for skill in self.skills for row in self._rows(skill)]
        return as_csv(rows)

    def _rows(self, skill: SkillReport) -> Iterator[Dict[str, Any]]:
        row: Dict[str, Any] = skill.model_dump(exclude={"rates", "means", "scores", "poses"})
        row.update({"unseen": " ".join(skill.unseen), "pose": "all", "share": 1.0, "seed": self.seed})
        yield {**row, **_cells(skill.rates), **skill.means}
        for part in skill.poses:
            of_part = {"pose": part.pose, "clips": part.clips, "share": part.share, "nonfinite_clips": None}
            yield {**row, **of_part, **_cells(part.rates)}


def _cells(rates: Dict[str, Rate]) -> Dict[str, Any]:
    cells: Dict[str, Any] = {}
    for name, rate in ((f"success_{rule}", rate) for rule, rate in rates.items()):
        cells.update({name: rate.value, f"{name}_low": rate.low, f"{name}_high": rate.high})
        cells[f"{name}_clips"] = rate.clips
    return cells


def read_report(path: Path) -> Report:
    """The report in a ``report.json``, or in the folder that holds one.

    Raises:
        BadFileError: missing, unreadable, or not a report.
    """
    path = Path(path) / "report.json" if Path(path).is_dir() else Path(path)
    try:
        return Report.from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadFileError(path, f"cannot be read ({error})") from error
    except ValidationError as error:
        raise BadFileError(path, f"is not an evaluation report ({_first_problem(error)})") from error


def _first_problem(error: ValidationError) -> str:
    first = error.errors()[0]
    place: List[str] = [str(part) for part in first["loc"]]
    return f"{'.'.join(place)}: {first['msg']}" if place else str(first["msg"])
