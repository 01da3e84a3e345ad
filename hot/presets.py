"""From a hand, an object and a stage to one frozen, checked preset; later sources win.

Order: the defaults of every room's ``config.py``, ``presets/hands/<hand>.yaml``,
``presets/stages/<stage>.yaml``, and what the caller overrides.
"""

from __future__ import annotations

import difflib
import json
import re
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Type

import yaml
from pydantic import BaseModel, Field, ValidationError

from hot.errors import BadFileError, ConfigError, UnknownNameError
from hot.evaluation.config import EvaluationConfig
from hot.hands import hand_names
from hot.objects import object_names
from hot.synthesis.config import GraspConfig, SynthesisConfig
from hot.tracking.config import TaskConfig
from hot.training.config import PpoConfig

_PACKAGED = Path(__file__).resolve().parent / "preset_files"
_CHECKOUT = Path(__file__).resolve().parent.parent / "presets"


class Preset(TaskConfig):
    """Everything that a stage can be told, with the task's own sections as top-level keys."""

    hand: str
    """A name, or the path of a hand's ``.xml`` file."""
    object: str
    """A name, or the path of an object's ``.yaml`` file."""
    skills: Tuple[str, ...] = Field(default=("grasp", "move", "place"), min_length=1)
    stage: int = Field(default=1, ge=1)
    seed: int = Field(default=1, ge=1)
    ppo: PpoConfig = PpoConfig()
    synthesis: SynthesisConfig = SynthesisConfig()
    grasp: GraspConfig = GraspConfig()
    evaluation: EvaluationConfig = EvaluationConfig()

    @property
    def task(self) -> TaskConfig:
        """The task's share of this preset."""
        return TaskConfig(**{name: getattr(self, name) for name in TaskConfig.model_fields})


def resolve(
    hand: str,
    object_name: str,
    stage: int = 1,
    skills: Sequence[str] = (),
    overrides: Optional[Mapping[str, Any]] = None,
) -> Preset:
    """The preset of a hand, an object and a stage.

    Args:
        hand: name, in any case, or the path of a hand's ``.xml`` file.
        object_name: name, in any case, or the path of an object's ``.yaml`` file.
        stage: number of the training stage.
        skills: names, in any case; none takes the default skills.
        overrides: values by dotted key, such as ``{"reward.object_position": 60}``; strings are read as YAML.

    Raises:
        UnknownNameError: no such hand, object, stage or skill.
        ConfigError: an unknown key or a value that does not fit; the message gives its dotted path.
    """
    values: Dict[str, Any] = {}
    hand_file = preset_folder() / "hands" / f"{Path(hand).stem.lower()}.yaml"
    if hand_file.exists():
        _merge(values, _read(hand_file))
    _merge(values, _read(_stage_file(stage)))
    _merge(values, {"hand": hand, "object": object_name, "stage": stage})
    if skills:
        values["skills"] = list(skills)
    return _apply(values, overrides or {})


def override(preset: Preset, overrides: Mapping[str, Any]) -> Preset:
    """A copy of ``preset`` with values changed by dotted key, as in :func:`resolve`."""
    return _apply(preset.model_dump(mode="json"), overrides)


def differences(old: Preset, new: Preset) -> Dict[str, Tuple[Any, Any]]:
    """Old and new value of every dotted key in which two presets differ."""
    before, after = _flat(old.model_dump(mode="json")), _flat(new.model_dump(mode="json"))
    return {key: (value, after[key]) for key, value in before.items() if value != after[key]}


def dump(preset: Preset) -> str:
    """The whole preset as YAML text that :func:`load` reads back to an equal preset."""
    values = preset.model_dump(mode="json")
    names = [name for name in Preset.model_fields if name not in TaskConfig.model_fields]
    ordered = {name: values[name] for name in [*names[:5], *TaskConfig.model_fields, *names[5:]]}
    return yaml.dump(ordered, Dumper=_ShortListDumper, sort_keys=False)


def load(path: Path) -> Preset:
    """A whole preset from a file that holds what :func:`dump` wrote.

    Raises:
        BadFileError: the file is missing or not YAML.
        ConfigError: a key is unknown or missing, or a value does not fit.
    """
    return _checked(_read(Path(path)), source=f"{path}: ")


def test_frames(skill: str) -> int:
    """Frames of a skill's clips when a policy is judged.

    Raises:
        UnknownNameError: no such skill.
    """
    return int(_read(preset_folder() / "skills" / f"{_known('skill', skill, skill_names())}.yaml")["test_frames"])


def skill_names() -> Tuple[str, ...]:
    """Names of the skills that have an episode length, sorted."""
    return tuple(sorted(path.stem for path in (preset_folder() / "skills").glob("*.yaml")))


def preset_folder() -> Path:
    """The folder of preset files: inside an installed package, or ``presets/`` of a checkout."""
    return _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT


def _known(kind: str, name: str, known: Sequence[str]) -> str:
    for candidate in known:
        if candidate.lower() == name.lower():
            return candidate
    raise UnknownNameError(kind, name, known)


def _spelled(values: Mapping[str, Any]) -> Dict[str, Any]:
    """Names as their catalogues spell them; paths and what is no text stay as they are."""
    spelled = dict(values)
    for key, suffix, known in (("hand", ".xml", hand_names()), ("object", ".yaml", object_names())):
        name = values.get(key)
        if isinstance(name, str) and not name.endswith(suffix):
            spelled[key] = _known(key, name, known)
    if isinstance(values.get("skills"), list):
        spelled["skills"] = [_known("skill", str(skill), skill_names()) for skill in values["skills"]]
    return spelled


def _stage_file(stage: int) -> Path:
    known = sorted(path.stem for path in (preset_folder() / "stages").glob("*.yaml"))
    return preset_folder() / "stages" / f"{_known('stage', str(stage), known)}.yaml"


class _CoreLoader(yaml.SafeLoader):
    """YAML 1.2's plain values: ``1e-3`` is a number and ``on`` is a word, unlike PyYAML's 1.1."""

    yaml_implicit_resolvers = {  # noqa: RUF012  PyYAML's own attribute
        first: [pair for pair in pairs if pair[0] not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:float")]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_CoreLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_CoreLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)$"),
    list("-+.0123456789"),
)


class _ShortListDumper(yaml.SafeDumper):
    """A key a line, and every list on the line of its key."""

    def represent_list(self, data: Iterable[Any]) -> yaml.SequenceNode:
        return self.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=True)


_ShortListDumper.add_representer(list, _ShortListDumper.represent_list)


def _parse(text: str, where: str) -> Any:
    try:
        return yaml.load(text, Loader=_CoreLoader)  # a SafeLoader: builds plain values only
    except yaml.YAMLError as error:
        raise ConfigError(f"{where}: is not YAML ({' '.join(str(error).split())})") from error


def _read(path: Path) -> Dict[str, Any]:
    try:
        values = _parse(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise BadFileError(path, f"cannot be read ({error})") from error
    if not isinstance(values, dict):
        raise BadFileError(path, "holds no preset: a mapping of keys to values is needed")
    return values


def _merge(into: Dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value


def _flat(values: Mapping[str, Any], prefix: str = "") -> Dict[str, Any]:
    flat: Dict[str, Any] = {}
    for key, value in values.items():
        flat.update(_flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value})
    return flat


def _apply(values: Dict[str, Any], overrides: Mapping[str, Any]) -> Preset:
    for path, value in overrides.items():
        parsed = _parse(value, path) if isinstance(value, str) else value
        for key in reversed(path.split(".")):
            parsed = {key: parsed}
        _merge(values, parsed)
    return _checked(values)


def _checked(values: Dict[str, Any], source: str = "") -> Preset:
    try:
        # Strict JSON mode: no word is taken for a number, no number for a switch, and lists are tuples.
        return Preset.model_validate_json(json.dumps(_spelled(values), default=str), strict=True)
    except ValidationError as error:
        raise ConfigError(source + "; ".join(_problem(item) for item in error.errors())) from error


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
