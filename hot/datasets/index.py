"""What a tree of upstream's files holds, by the names of its files."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple

from hot.errors import BadFileError
from hot.hands import load_hand, packaged_hand_names
from hot.motions.upstream import upstream_files
from hot.motions.upstream_names import hand_in, is_static, origin_of
from hot.motions.upstream_record import read_record
from hot.objects import object_names


class ClipGroup(NamedTuple):
    """Clips of one hand, object and skill below one folder."""

    folder: Path
    """Of the object, in which there are folders of skills."""
    hand: str
    object: str
    """As the object of this name is called here, if there is one."""
    skill: str
    files: Tuple[Path, ...]


def index_of(folder: Path) -> Tuple[ClipGroup, ...]:
    """All clips below a folder, sorted; files of single grasps are no clips.

    Raises:
        BadFileError: there are none, or a file's name tells no skill, or no hand can be told.
    """
    known = {name.lower(): name for name in object_names()}
    groups: Dict[Tuple[Path, str, str], List[Path]] = {}
    for file in upstream_files(folder):
        if not is_static(file):
            origin = origin_of(file)
            name = known.get(origin.object.lower(), origin.object)
            groups.setdefault((_object_folder(file, origin.object), name, origin.skill.name), []).append(file)
    if not groups:
        raise BadFileError(folder, "holds no motions, neither files of ours nor upstream's .pt files with a skill")
    hands: Dict[Path, str] = {}
    for (where, _, _), files in groups.items():
        if where not in hands:
            hands[where] = _hand_of(files[0])
    return tuple(ClipGroup(key[0], hands[key[0]], *key[1:], tuple(groups[key])) for key in sorted(groups))


def _object_folder(file: Path, name: str) -> Path:
    """The folder above a clip that is called like its object, else the one that it is in."""
    return next((folder for folder in file.parents if folder.name.lower() == name.lower()), file.parent)


def _hand_of(file: Path) -> str:
    """The hand that the folders name, else the one that has as many joints and key bodies."""
    named = hand_in(file)
    if named is not None:
        return named
    problems = []
    for name in packaged_hand_names():
        try:
            read_record(file, load_hand(name))
            return name
        except BadFileError as error:
            problems.append(error.problem)
    raise BadFileError(file, f"is of no hand that ships: {problems[0]}")
