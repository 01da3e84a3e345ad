"""Putting a preset together from its sources, and keeping it in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Sequence

from hot.presets import text
from hot.presets.files import hand_differences, stage_differences
from hot.presets.preset import Preset, checked
from hot.tracking.config import TaskConfig


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
    _merge(values, hand_differences(hand))
    _merge(values, stage_differences(stage))
    _merge(values, {"hand": hand, "object": object_name, "stage": stage})
    if skills:
        values["skills"] = list(skills)
    return _apply(values, overrides or {})


def override(preset: Preset, overrides: Mapping[str, Any]) -> Preset:
    """A copy of ``preset`` with values changed by dotted key, as in :func:`resolve`."""
    return _apply(preset.model_dump(mode="json"), overrides)


def dump(preset: Preset) -> str:
    """The whole preset as YAML text that :func:`load` reads back to an equal preset."""
    values = preset.model_dump(mode="json")
    request = {name: values[name] for name in ("hand", "object", "skills", "stage", "seed")}
    task = {name: values[name] for name in TaskConfig.model_fields}
    return text.write({**request, **task, **{name: values[name] for name in values if name not in {**request, **task}}})


def load(path: Path) -> Preset:
    """A whole preset from a file that holds what :func:`dump` wrote.

    Raises:
        BadFileError: the file is missing, or holds no mapping.
        UnknownNameError: no such hand, object or skill.
        ConfigError: not YAML, a key is unknown or missing, or a value does not fit.
    """
    return checked(text.read(Path(path)), source=f"{path}: ")


def _merge(into: Dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value


def _apply(values: Dict[str, Any], overrides: Mapping[str, Any]) -> Preset:
    for path, value in overrides.items():
        parsed = text.parse(value, path) if isinstance(value, str) else value
        for key in reversed(path.split(".")):
            parsed = {key: parsed}
        _merge(values, parsed)
    return checked(values)
