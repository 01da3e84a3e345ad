"""What a policy file leaves unsaid: how it was trained, and how well it tracks, as a JSON file beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from hot.errors import BadFileError
from hot.intervals import wilson
from hot.writing import write_atomically


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CardRate(_Entry):
    """How many clips succeeded, with the 95 % interval of the rate."""

    successes: int
    clips: int
    low: float
    high: float

    @classmethod
    def pooled(cls, rates: Sequence[CardRate]) -> CardRate:
        """The rate of all clips together."""
        successes, clips = sum(rate.successes for rate in rates), sum(rate.clips for rate in rates)
        interval = wilson(successes, clips)
        return cls(successes=successes, clips=clips, low=interval.low, high=interval.high)


class CardResult(_Entry):
    """One judgement: the clips of one object and skill, on one engine, under one perturbation."""

    engine: str
    physics: Dict[str, Any]
    """Solver and time step."""
    noise: float
    """Probability of each perturbation item of the start state."""
    object: str = ""
    """Empty in older files, which are of one object that is known without."""
    skill: str
    seed: int
    """Of the clips and of the perturbations."""
    rates: Dict[str, CardRate]
    """By rule: hot, spider, strict, end and skill."""
    poses: Dict[str, Dict[str, CardRate]] = {}
    """The same by class of the object's resting pose; empty for skills that neither begin nor end on the table."""


class CardStage(_Entry):
    """One training among those that made the policy."""

    stage: int
    seed: int
    samples: int
    seconds: Optional[float] = None
    """Wall time of the training, None where the run did not note it [s]."""
    machine: str
    engine: str
    worlds: int
    substeps: int
    iterations: int
    ls_iterations: int
    clips: int
    """Clips of each skill."""
    changed: Dict[str, Any] = {}
    """Preset values that differ from those of the stage, by dotted key."""


class Card(_Entry):
    """Where a policy comes from and what it can do."""

    hand: str
    objects: Tuple[str, ...]
    """It was trained on these."""
    skills: Tuple[str, ...]
    grasps: Dict[str, int]
    """Grasps in each object's library, held-out ones included."""
    held_out: int
    """Every so-many-th of them was never used for training, and the results are of these."""
    stages: Tuple[CardStage, ...]
    """Trainings in order; each begins where the one before ended."""
    teachers: Tuple[str, ...] = ()
    """Files of the policies that taught it, if it is a student."""
    results: Tuple[CardResult, ...] = ()
    date: str
    """Of the newest result, in ISO form."""
    hot: str
    """Version of this package."""

    @model_validator(mode="before")
    @classmethod
    def _of_one_object(cls, values: Any) -> Any:
        """Older files know one object only, and name it once."""
        if not isinstance(values, dict) or "object" not in values:
            return values
        name = values["object"]
        rest = {key: value for key, value in values.items() if key != "object"}
        results = values.get("results", [])
        if isinstance(results, list):
            results = [{"object": name, **each} if isinstance(each, dict) else each for each in results]
        return {**rest, "objects": [name], "grasps": {name: values.get("grasps")}, "results": results}

    @property
    def unseen(self) -> Tuple[str, ...]:
        """Objects that it was judged on and not trained on."""
        judged = dict.fromkeys(result.object for result in self.results)
        return tuple(name for name in judged if name not in self.objects)

    @property
    def samples(self) -> int:
        """Environment steps of all stages."""
        return sum(stage.samples for stage in self.stages)

    @property
    def seconds(self) -> Optional[float]:
        """Wall time of all stages [s]; None if one of them is unknown."""
        times = [stage.seconds for stage in self.stages]
        return None if None in times else sum(time for time in times if time is not None)

    def judged(self, results: Tuple[CardResult, ...], date: str, version: str) -> Card:
        """The card with new results, which replace the old ones of the same engine, noise, object and skill alone."""
        new = {_key(result) for result in results}
        kept = [result for result in self.results if _key(result) not in new]
        ordered = tuple(sorted([*kept, *results], key=_key))
        return self.model_copy(update={"results": ordered, "date": date, "hot": version})


def _key(result: CardResult) -> Tuple[str, float, str, str]:
    return result.engine, result.noise, result.object, result.skill


def card_path(policy_path: Path) -> Path:
    """Where the card of a policy file lies: beside it."""
    return Path(policy_path).with_suffix(".json")


def read_card(policy_path: Path) -> Card:
    """The card of a policy file.

    Raises:
        BadFileError: missing, unreadable, or no card; the message names the file and the key.
    """
    path = card_path(policy_path)
    if not path.is_file():
        raise BadFileError(path, f"no card beside {Path(policy_path).name}; hot policies add RUN writes both")
    try:
        return Card.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadFileError(path, f"cannot be read ({error})") from error
    except ValidationError as error:
        raise BadFileError(path, f"is not a policy's card ({_problem(error)})") from error


def write_card(policy_path: Path, card: Card) -> Path:
    """Write the card beside its policy file; the card's path.

    Raises:
        BadFileError: it cannot be written; an earlier card is left as it was.
    """
    path = card_path(policy_path)
    with write_atomically(path) as temporary:
        temporary.write_text(card.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return path


def _problem(error: ValidationError) -> str:
    first = error.errors()[0]
    place: List[str] = [str(part) for part in first["loc"]]
    return f"{'.'.join(place)}: {first['msg']}" if place else str(first["msg"])
