"""What the names of the original release's files and folders say of a clip."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple, Optional

from hot.errors import BadFileError
from hot.motions.clips import Motions
from hot.motions.skills import SKILLS, Skill

_STATIC_LABEL = "000"
_SET = re.compile(r"dexgrasp_(\w+_)?(?P<hand>mano|shadow|allegro)(_\w+)?")
_NAME = re.compile(r"(?P<label>\d{3})_(?P<object>[A-Za-z]\w*?)(?P<numbers>(_\d+)*(-\d+)?)")
_RESTED = re.compile(r"_(?P<rest>\d+)_(?P<grasp>\d+)-\d+")
_HELD = re.compile(r"_(?P<grasp>\d+)_\d+(_\d+)?")
_SKILL_FOLDER = re.compile("|".join(f"{skill.name}(_.*)?" for skill in SKILLS))


class Origin(NamedTuple):
    """What a clip's path says."""

    skill: Skill
    object: str
    """Capitalised."""
    grasp: int
    """-1: not said; so with ``rest``."""
    rest: int
    raised: bool
    """Whether it lies on a table that is higher than ours."""


def origin_of(path: Path) -> Origin:
    """Skill from the label that the file's name begins with, object from the folders, else from the name.

    The object is the folder below one called ``dexgrasp_..._HAND``, or else that above the skill's folder; where there
    is no such folder the file's name tells it, and if it does not, the folder two levels up.

    Raises:
        BadFileError: the name begins with no skill's label.
    """
    skills = {f"{skill.label:03d}": skill for skill in SKILLS}
    if path.stem[:3] not in skills:
        known = ", ".join(f"{label} {skill.name}" for label, skill in skills.items())
        raise BadFileError(path, f"the name begins with no known skill label ({known})")
    path = path.absolute()
    name = _NAME.fullmatch(path.stem)
    thing = _object_folder(path) or (name["object"] if name else path.parent.parent.name)
    numbers = name["numbers"] if name else ""
    match = _RESTED.fullmatch(numbers) or _HELD.fullmatch(numbers)
    found = match.groupdict() if match else {}
    return Origin(
        skills[path.stem[:3]],
        thing.capitalize(),
        int(found.get("grasp", -1)),
        int(found.get("rest", -1)),
        "higher" in path.parent.name,
    )


def is_static(path: Path) -> bool:
    """Whether a file's label says that it holds one grasp, or a clip without a skill: nothing to track."""
    return path.stem[:3] == _STATIC_LABEL


def hand_in(path: Path) -> Optional[str]:
    """The hand that a folder called ``dexgrasp_..._HAND`` above a clip names, if there is one."""
    matches = [_SET.fullmatch(part) for part in path.absolute().parts]
    return next((match["hand"] for match in reversed(matches) if match), None)


def _object_folder(path: Path) -> Optional[str]:
    folders = path.parts[:-1]
    for number, folder in enumerate(folders[:-1]):
        if _SET.fullmatch(folder):
            return folders[number + 1]
    return folders[-2] if len(folders) > 2 and _SKILL_FOLDER.fullmatch(folders[-1]) else None


def clip_path(motions: Motions, clip: int, raised: bool) -> Path:
    """``<object>/<skill>_kp/<name>``, or ``<object>/<skill>_higher_kp/<name>``, in which upstream would keep a clip."""
    thing = motions.objects[int(motions.clip_object[clip])].lower()
    skill = next(s for s in SKILLS if s.name == motions.skills[int(motions.clip_skill[clip])])
    grasp, rest = int(motions.clip_grasp[clip]), int(motions.clip_rest[clip])
    numbers = f"{clip}" if grasp < 0 else f"{grasp}_{clip}" if rest < 0 else f"{rest}_{grasp}-{clip}"
    folder = f"{skill.name}_higher_kp" if raised else f"{skill.name}_kp"
    return Path(thing) / folder / f"{skill.label:03d}_{thing}_{numbers}.pt"
