"""The preset itself, and the check that turns plain values into one or says which key is wrong."""

from __future__ import annotations

import difflib
import json
from typing import Any, Dict, List, Mapping, Sequence, Tuple, Type

from pydantic import BaseModel, Field, ValidationError

from hot.composition.config import SequencesConfig
from hot.distillation.config import DistillationConfig
from hot.errors import ConfigError
from hot.evaluation.config import EvaluationConfig
from hot.hands import hand_names
from hot.objects import object_names
from hot.planning.config import PlanningConfig, ScalingConfig
from hot.presets.files import skill_names, spelled
from hot.synthesis.config import GraspConfig, RestingConfig
from hot.tracking.config import TaskConfig
from hot.training.config import PpoConfig


class Preset(TaskConfig):
    """Everything that a stage can be told, with the task's own sections as top-level keys."""

    hand: str
    """A name, or the path of a hand's ``.xml`` file."""
    object: str
    """A name, or the path of an object's ``.yaml`` file."""
    others: Tuple[str, ...] = ()
    """Further objects of the same policy, each with as many worlds."""
    skills: Tuple[str, ...] = Field(default=("grasp", "move", "place"), min_length=1)
    stage: int = Field(default=1, ge=1)
    seed: int = Field(default=1, ge=1)
    ppo: PpoConfig = PpoConfig()
    synthesis: PlanningConfig = PlanningConfig()
    scaling: ScalingConfig = ScalingConfig()
    sequences: SequencesConfig = SequencesConfig()
    grasp: GraspConfig = GraspConfig()
    resting: RestingConfig = RestingConfig()
    distillation: DistillationConfig = DistillationConfig()
    evaluation: EvaluationConfig = EvaluationConfig()

    @property
    def objects(self) -> Tuple[str, ...]:
        """All objects that a policy is trained on."""
        return (self.object, *self.others)

    @property
    def task(self) -> TaskConfig:
        """The task's share of this preset."""
        return TaskConfig(**{name: getattr(self, name) for name in TaskConfig.model_fields})


def checked(values: Mapping[str, Any], source: str = "") -> Preset:
    """A preset of plain values; ``source`` begins the message about a wrong one.

    Raises:
        UnknownNameError: no such hand, object or skill.
        ConfigError: a key is unknown or missing, or a value does not fit.
    """
    try:
        # Strict JSON mode: no word is taken for a number, no number for a switch, and lists are tuples.
        return Preset.model_validate_json(json.dumps(_spelled(values), default=str), strict=True)
    except ValidationError as error:
        raise ConfigError(source + "; ".join(_problem(item) for item in error.errors())) from error


def differences(old: Preset, new: Preset) -> Dict[str, Tuple[Any, Any]]:
    """Old and new value of every dotted key in which two presets differ."""
    before, after = _flat(old.model_dump(mode="json")), _flat(new.model_dump(mode="json"))
    return {key: (value, after[key]) for key, value in before.items() if value != after[key]}


def _spelled(values: Mapping[str, Any]) -> Dict[str, Any]:
    """Names as their catalogues spell them; paths and what is no text stay as they are."""
    result = dict(values)
    for key, suffix, known in (("hand", ".xml", hand_names()), ("object", ".yaml", object_names())):
        if isinstance(values.get(key), str):
            result[key] = _name_or_path(key, values[key], suffix, known)
    if isinstance(values.get("others"), (list, tuple)):
        result["others"] = [_name_or_path("object", str(name), ".yaml", object_names()) for name in values["others"]]
    if isinstance(values.get("skills"), list):
        named = [str(skill) for skill in values["skills"]]
        known = skill_names()
        result["skills"] = known if named == ["all"] else [spelled("skill", name, known) for name in named]
    return result


def _name_or_path(kind: str, name: str, suffix: str, known: Sequence[str]) -> str:
    return name if name.endswith(suffix) else spelled(kind, name, known)


def _problem(item: Mapping[str, Any]) -> str:
    path = [str(part) for part in item["loc"]]
    if item["type"] == "extra_forbidden":
        return _unknown_key(path)
    if item["type"] == "missing":
        return f"preset key '{'.'.join(path)}' is missing"
    needed = item["msg"].replace("Input should be", "must be")
    return f"preset key '{'.'.join(path)}': {needed}, got {json.dumps(item['input'], default=str)}"


def _unknown_key(path: List[str]) -> str:
    section, known = ".".join(path[:-1]), _section_keys(path[:-1])
    nearest = difflib.get_close_matches(path[-1], known, n=1, cutoff=0.5)
    guess = f"; did you mean '{'.'.join([*path[:-1], nearest[0]])}'?" if nearest else "."
    where = f"Keys of {section}" if section else "Top-level keys"
    return f"unknown preset key '{'.'.join(path)}'{guess} {where}: {', '.join(known)}."


def _section_keys(path: Sequence[str]) -> List[str]:
    model: Type[BaseModel] = Preset
    for key in path:
        annotation = model.model_fields[key].annotation
        assert isinstance(annotation, type) and issubclass(annotation, BaseModel)
        model = annotation
    return sorted(model.model_fields)


def _flat(values: Mapping[str, Any], prefix: str = "") -> Dict[str, Any]:
    flat: Dict[str, Any] = {}
    for key, value in values.items():
        flat.update(_flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value})
    return flat
