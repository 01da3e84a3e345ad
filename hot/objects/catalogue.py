"""Objects by name or by file."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Tuple, Union

import torch
import yaml
from pydantic import ValidationError

from hot import rotations
from hot.assets import data_root
from hot.errors import BadFileError, UnknownNameError
from hot.objects.geometry import build_object
from hot.objects.shapes import ObjectFile, SymmetryEntry
from hot.objects.spec import ObjectSpec, Symmetry
from hot.objects.symmetry import group_of

_SHIPPED = Path(__file__).resolve().parent
_KIND = "objects"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The safe loader, in C where PyYAML has it: a mesh's file holds thousands of numbers."""


def packaged_names() -> Tuple[str, ...]:
    """Names of the objects that ship with the package, sorted."""
    return tuple(sorted(path.stem for path in _SHIPPED.glob("*.yaml")))


def own_folder() -> Path:
    """Where the user's own objects are kept."""
    return data_root() / _KIND


def own_names() -> Tuple[str, ...]:
    """Names of the user's own objects, sorted."""
    return tuple(sorted(path.stem for path in own_folder().glob("*.yaml")))


def object_names() -> Tuple[str, ...]:
    """Names of the objects that ship with the package and of the user's own, sorted."""
    return tuple(sorted({*packaged_names(), *own_names()}))


def load_object(name_or_path: Union[str, Path]) -> ObjectSpec:
    """An object by name, in any case, or from a ``.yaml`` file, whose stem becomes the name.

    Names are those of the package and of the data folder's ``objects``.

    Raises:
        UnknownNameError: no such name.
        BadFileError: the file is missing or malformed; the message names the key.
    """
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml"):
        path = _path_of(str(name_or_path))
    entry = _read(path)
    try:
        return load_entry(path.stem, entry)
    except ValueError as error:
        raise BadFileError(path, f"symmetry.turns: {error}") from error


def load_entry(name: str, entry: ObjectFile) -> ObjectSpec:
    """The object that a file's content describes.

    Raises:
        ValueError: the symmetry's turns generate no finite group.
    """
    pieces = [(piece, part.colour) for part in entry.parts for piece in part.pieces()]
    solid = None if entry.solid is None else entry.solid.facts()
    symmetry = _symmetry(entry.symmetry)
    return build_object(name, [p for p, _ in pieces], [c for _, c in pieces], entry.mass, symmetry, solid)


def _path_of(name: str) -> Path:
    packaged = {known.lower(): _SHIPPED / f"{known}.yaml" for known in packaged_names()}
    own = {known.lower(): own_folder() / f"{known}.yaml" for known in own_names()}
    wanted = name.lower()
    if wanted in packaged and wanted in own:
        raise BadFileError(own[wanted], "the package has an object of this name; give the file another one")
    if wanted not in packaged and wanted not in own:
        hint = "hot objects list describes them, hot objects add MESH makes one; or give the path of a .yaml file."
        raise UnknownNameError("object", name, object_names(), hint)
    return packaged.get(wanted) or own[wanted]


def _read(path: Path) -> ObjectFile:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _LOADER)
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
    return Symmetry(group_of(rotations.from_axis_angle(axes, angles)).float(), axis, entry.spherical)
