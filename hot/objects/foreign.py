"""Objects of the original release, a folder with a URDF file each, as object files of ours that are made once."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Dict, List, Tuple

from hot.assets import data_root
from hot.errors import BadFileError, ConfigError, UnknownNameError
from hot.objects.adding import inertial_of, make_object, remarks, write_object
from hot.objects.urdf import read_urdf, urdf_files

_VERSION = b"1"
"""Of how files are made; another one makes them anew."""


def asset_names(folder: Path) -> Tuple[str, ...]:
    """Names of the objects in a folder, sorted: of ``NAME/NAME.urdf``, in any case, and of ``NAME.urdf``.

    Raises:
        BadFileError: there is no such folder, or it holds none.
    """
    return tuple(sorted(_files(Path(folder))))


def asset_file(folder: Path, name: str) -> Path:
    """The URDF file of an object, by its name as the folder spells it, or in any case if that is of one only.

    Raises:
        BadFileError: there is no such folder, or it holds no object.
        UnknownNameError: not of this name.
        ConfigError: several, which differ in case.
    """
    files = _files(Path(folder))
    alike = [known for known in files if known.lower() == name.lower()]
    if name in files:
        return files[name]
    if not alike:
        raise UnknownNameError(f"object in {folder}", name, files)
    if len(alike) > 1:
        raise ConfigError(f"{folder} holds {' and '.join(sorted(alike))}: spell the one that you mean")
    return files[alike[0]]


def object_of_urdf(path: Path) -> Tuple[Path, Tuple[str, ...]]:
    """The object file (``.yaml``, in the data folder) that stands for a URDF file, made if its content is new, and
    remarks on what had to be done; none if it was there.

    Raises:
        BadFileError: the URDF file or a mesh of it cannot be used.
        HotError: its mesh cannot be cut into convex parts.
    """
    made = data_root() / "assets" / _fingerprint(path) / f"{path.stem}.yaml"
    if made.is_file():
        return made, ()
    found = read_urdf(path)
    inertial = inertial_of(found.solid, None, None, found.inertial)
    entry = make_object(path.stem, found.solid, inertial, corners=found.corners).entry
    told = (f"Made of {path.name}.", *remarks(found.solid, inertial))
    write_object(made, entry, told)
    return made, told


def _fingerprint(path: Path) -> str:
    """Of everything that the object is made of."""
    digest = hashlib.sha256(_VERSION)
    for file in urdf_files(path):
        try:
            digest.update(hashlib.sha256(file.read_bytes()).digest())
        except OSError as error:
            raise BadFileError(file, f"cannot be read: {error.strerror}") from error
    return digest.hexdigest()[:16]


def _files(folder: Path) -> Dict[str, Path]:
    if not folder.is_dir():
        raise BadFileError(folder, "no such folder of objects")
    found: List[Path] = [path for path in folder.glob("*/*.urdf") if path.stem.lower() == path.parent.name.lower()]
    found += folder.glob("*.urdf")
    if not found:
        raise BadFileError(folder, "holds no object: none of its folders NAME has a file NAME.urdf")
    return {path.stem: path for path in sorted(found)}
