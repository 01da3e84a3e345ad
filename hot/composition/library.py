"""Scripts in files: those that ship with the package, by name, and anybody's, by path."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Tuple, Union

import yaml
from pydantic import ValidationError

from hot.assets import packaged
from hot.composition.order import ORDER
from hot.composition.script import Script
from hot.errors import BadFileError, UnknownNameError

_TAGS = ("step", "repeat", *ORDER)
"""What pydantic puts between the names of fields to say which kind of step it took one for."""
RANDOM = "random"
"""The name that stands for scripts drawn at random."""


def script_names() -> Tuple[str, ...]:
    """Names of the scripts that ship, sorted."""
    return tuple(sorted(path.stem for path in packaged("sequences").glob("*.yaml")))


def load_script(source: Union[str, Path]) -> Script:
    """A script by name or path; nothing in the file is executed.

    Raises:
        UnknownNameError: no script of the name, or a step of an unknown skill.
        BadFileError: missing, not YAML, or not a script; the message names the step.
    """
    path = _find(source)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadFileError(path, f"cannot be read ({error})") from error
    except yaml.YAMLError as error:
        raise BadFileError(path, f"is not YAML ({' '.join(str(error).split())})") from error
    if not isinstance(content, dict) or not isinstance(content.get("steps"), list):
        raise BadFileError(path, "is not a script: it needs a list called steps; hot data compose --schema shows it")
    for place, step in _steps(content):
        if "skill" in step and step["skill"] not in ORDER:
            raise UnknownNameError("skill", str(step["skill"]), ORDER, f"({path}, {place})")
    try:
        return Script.model_validate(content)
    except ValidationError as error:
        raise BadFileError(path, _first_problem(error)) from error


def _find(source: Union[str, Path]) -> Path:
    path = Path(source)
    if path.suffix or len(path.parts) > 1 or path.is_file():
        if not path.is_file():
            raise BadFileError(path, f"no such script. Packaged ones: {', '.join(script_names())}, {RANDOM}")
        return path
    shipped = packaged("sequences", f"{path.name.lower().replace('-', '_')}.yaml")
    if not shipped.is_file():
        raise UnknownNameError("sequence", str(source), (*script_names(), RANDOM), "Or give the path of a .yaml file.")
    return shipped


def _steps(content: Dict[str, Any], place: str = "") -> Tuple[Tuple[str, Dict[str, Any]], ...]:
    """Every step that is a mapping, and where it stands."""
    found: Tuple[Tuple[str, Dict[str, Any]], ...] = ()
    listed = content["steps"] if isinstance(content.get("steps"), list) else []
    for index, step in enumerate(listed):
        if isinstance(step, dict):
            here = f"{place}steps.{index}"
            found += ((here, step), *_steps(step, f"{here}."))
    return found


def _first_problem(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part not in _TAGS and not str(part).startswith("tuple["))
    message = str(first["msg"]).replace("Value error, ", "")
    return f"{place}: {message}" if place else message
