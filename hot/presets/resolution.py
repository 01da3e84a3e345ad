"""Putting a preset together from its sources, and keeping it in a file."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Sequence

from hot.physics.config import PhysicsConfig
from hot.physics.engines import concrete
from hot.presets import text
from hot.presets.files import engine_differences, hand_differences, reward_differences, stage_differences
from hot.presets.preset import Preset, checked
from hot.tracking.config import TaskConfig


def resolve(
    hand: str,
    object_name: str,
    stage: int = 1,
    skills: Sequence[str] = (),
    overrides: Optional[Mapping[str, Any]] = None,
) -> Preset:
    """The preset of a hand, an object and a stage, on the engine that ``overrides`` name; "auto" becomes one.

    Args:
        hand: name, in any case, or the path of a hand's ``.xml`` file.
        object_name: name, in any case, or the path of an object's ``.yaml`` file.
        stage: number of the training stage.
        skills: names, in any case; none takes the default skills.
        overrides: values by dotted key, such as ``{"reward.object_position": 60}``; strings are read as YAML, and
            ``reward`` itself may be the name of a preset reward.

    Raises:
        UnknownNameError: no such hand, object, stage, skill or engine.
        ConfigError: an unknown key or a value that does not fit; the message gives its dotted path.
    """
    values: Dict[str, Any] = {}
    _merge(values, hand_differences(hand))
    _merge(values, stage_differences(stage))
    _merge(values, {"hand": hand, "object": object_name, "stage": stage})
    if skills:
        values["skills"] = list(skills)
    engine = _engine(_with(values, overrides or {}))
    _merge(values, engine_differences(engine))
    return _on_engine(_with(values, overrides or {}), engine)


def override(preset: Preset, overrides: Mapping[str, Any]) -> Preset:
    """A copy of ``preset`` with values changed by dotted key, as in :func:`resolve`.

    On another engine, values that are the defaults' or the old engine's become the new engine's.
    """
    values, old = preset.model_dump(mode="json"), preset.physics.engine
    engine = _engine(_with(values, overrides))
    if engine != concrete(old):
        _withdraw(values, engine_differences(concrete(old)))
        _withdraw(values, Preset(hand="", object="").model_dump(mode="json"))
        kept, values = values, engine_differences(engine)
        _merge(values, kept)
    return _on_engine(_with(values, overrides), engine)


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


def _with(values: Mapping[str, Any], overrides: Mapping[str, Any]) -> Dict[str, Any]:
    """A copy of nested values with others set by dotted key."""
    result = copy.deepcopy(dict(values))
    for path, value in overrides.items():
        parsed = text.parse(value, path) if isinstance(value, str) else value
        if path == "reward" and isinstance(parsed, str):
            parsed = reward_differences(parsed)["reward"]
        for key in reversed(path.split(".")):
            parsed = {key: parsed}
        _merge(result, parsed)
    return result


def _withdraw(values: Dict[str, Any], differences: Mapping[str, Any]) -> None:
    """Take back values that are as ``differences`` set them; what was set otherwise stays."""
    for key, value in differences.items():
        if isinstance(value, dict):
            _withdraw(values[key], value)
        elif key in values and values[key] == value:
            del values[key]


def _engine(values: Mapping[str, Any]) -> str:
    """The engine that values name, or the default one."""
    physics = values.get("physics")
    named = physics.get("engine") if isinstance(physics, dict) else None
    return concrete(str(named or PhysicsConfig().engine))


def _on_engine(values: Dict[str, Any], engine: str) -> Preset:
    """The checked preset of values, with the engine by its own name; a wrong section is left to the check."""
    if isinstance(values.setdefault("physics", {}), dict):
        values["physics"]["engine"] = engine
    return checked(values)
