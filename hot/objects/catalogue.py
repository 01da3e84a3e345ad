"""Objects by name or by file."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Tuple, Union

import torch
import yaml
from pydantic import ValidationError

from hot import rotations
from hot.errors import BadFileError, UnknownNameError
from hot.objects.geometry import build_object
from hot.objects.shapes import ObjectFile, SymmetryEntry
from hot.objects.spec import ObjectSpec, Symmetry
from hot.objects.symmetry import group_of

_SHIPPED = Path(__file__).resolve().parent


def object_names() -> Tuple[str, ...]:
    """Names of the objects that ship with the package, sorted."""
    return tuple(sorted(path.stem for path in _SHIPPED.glob("*.yaml")))


def load_object(name_or_path: Union[str, Path]) -> ObjectSpec:
    """An object by name, in any case, or from a ``.yaml`` file, whose stem becomes the name.

    Raises:
        UnknownNameError: no such name.
        BadFileError: the file is missing or malformed; the message names the key.
    """
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml"):
        path = _shipped_path(str(name_or_path))
    entry = _read(path)
    try:
        symmetry = _symmetry(entry.symmetry)
    except ValueError as error:
        raise BadFileError(path, f"symmetry.turns: {error}") from error
    vertices = [part.vertices() for part in entry.parts]
    return build_object(path.stem, vertices, [part.colour for part in entry.parts], entry.mass, symmetry)


def _shipped_path(name: str) -> Path:
    for known in object_names():
        if known.lower() == name.lower():
            return _SHIPPED / f"{known}.yaml"
    raise UnknownNameError("object", name, object_names(), "Or give the path of a .yaml file.")


def _read(path: Path) -> ObjectFile:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadFileError(path, f"cannot be read ({error})") from error
    except yaml.YAMLError as error:
        raise BadFileError(path, f"is not YAML ({error})") from error
    try:
        return ObjectFile.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        raise BadFileError(path, f"{key}: {first['msg']}") from error


def _symmetry(entry: SymmetryEntry) -> Symmetry:
    axes = torch.tensor([turn.axis for turn in entry.turns], dtype=torch.float64).reshape(-1, 3)
    angles = torch.tensor([2 * math.pi / turn.order for turn in entry.turns], dtype=torch.float64)
    axis = None if entry.axis is None else torch.tensor(entry.axis, dtype=torch.float32)
    return Symmetry(group_of(rotations.from_axis_angle(axes, angles)).float(), axis)
