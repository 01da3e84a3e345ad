"""Upstream's tree of files: which belong to it, and where each has its place.

::

    motions/dexgrasp_train_<hand>[_...]/<object>/<skill folder>/<label>_....pt    clips
    motions/graspmimic/dexgrasp_<hand>/<object>/000_....pt                        grasps
    motions/text2hoi/000_....pt
    assets/...                                                                    objects
    notes/...                                                                     what is there to read
"""

from __future__ import annotations

import re
from typing import Dict, Iterable, List, Optional, Pattern

from hot.errors import BadFileError
from hot.motions import SKILLS

DRIVE_SET = "dexgrasp_train_mano_20obj"
"""Where upstream's tree puts the objects that its file on Google Drive holds."""

_HANDS = "mano|shadow|allegro"
_SET = rf"dexgrasp_(?:\w+_)?(?:{_HANDS})(?:_\w+)?"
_LABELS = "|".join(["000", *(f"{skill.label:03d}" for skill in SKILLS)])
_CLIP_FILE = rf"(?:{_LABELS})[\w-]*\.pt"
_SKILL_FOLDER = rf"(?:{'|'.join(skill.name for skill in SKILLS)})(?:_[\w-]+)?"
_ASSET_ENDINGS = "urdf|xml|obj|mtl|stl|ply|png|jpg|txt"


def _pattern(text: str) -> Pattern:
    """Of a path at the end of any other."""
    return re.compile(rf"(?:.*/)?(?P<path>{text})", re.ASCII)


_CLIP = _pattern(rf"{_SET}/\w[\w-]*/(?:\w[\w-]*/){{0,3}}{_CLIP_FILE}")
_PLACES = {
    "motions/": [
        _pattern(rf"graspmimic/dexgrasp_(?:{_HANDS})/\w[\w-]*/000_[\w-]+\.pt"),
        _pattern(r"text2hoi/000_[\w-]+\.pt"),
        _CLIP,
    ],
    "": [_pattern(rf"assets/(?:[\w-][\w.-]*/)*[\w-][\w.-]*\.(?:{_ASSET_ENDINGS})")],
    "notes/": [re.compile(r"(?P<path>(?:[\w-][\w. -]*/)*(?:[\w-][\w. -]*\.(?:md|txt)|LICENSE))", re.ASCII)],
}
_BARE_CLIP = _pattern(rf"\w[\w-]*/{_SKILL_FOLDER}/{_CLIP_FILE}")
_LITTER = re.compile(r"(?:.*/)?(?:__MACOSX/.*|\._[^/]*|\.DS_Store|Thumbs\.db|desktop\.ini)")


def places(names: Iterable[str], source: object) -> Dict[str, str]:
    """Where files of these names go; what desktops leave behind in archives goes nowhere.

    Folders above upstream's tree are left away. Where no set is named at all, folders of objects are taken as those of
    :data:`DRIVE_SET`.

    Raises:
        BadFileError: one belongs to no part of the tree, two have the same place, or there are no clips.
    """
    kept = [name for name in names if not _LITTER.fullmatch(name)]
    bare = not any(_CLIP.fullmatch(name) for name in kept)
    found: Dict[str, str] = {}
    taken: Dict[str, str] = {}
    unknown: List[str] = []
    for name in kept:
        place = _place(name, bare)
        if place is None:
            unknown.append(name)
        elif place in taken:
            raise BadFileError(source, f"{taken[place]!r} and {name!r} both belong to {place}. Nothing was unpacked")
        else:
            found[name] = taken[place] = place
            taken[place] = name
    if unknown:
        raise BadFileError(
            source,
            f"holds {len(unknown):,} files that are no part of upstream's data, such as {unknown[0]!r}. {_EXPECTED}. "
            "Nothing was unpacked",
        )
    if not any(is_clip(place) for place in found.values()):
        raise BadFileError(source, f"holds no clips. {_EXPECTED}. Nothing was unpacked")
    return found


def is_clip(place: str) -> bool:
    """Whether a place in the tree is that of a clip with a skill."""
    name = place.rsplit("/", 1)[-1]
    return place.startswith("motions/dexgrasp_") and name.endswith(".pt") and not name.startswith("000")


def _place(name: str, bare: bool) -> Optional[str]:
    for folder, patterns in _PLACES.items():
        for pattern in patterns:
            match = pattern.fullmatch(name)
            if match:
                return folder + match["path"]
    match = _BARE_CLIP.fullmatch(name) if bare else None
    return f"motions/{DRIVE_SET}/{match['path']}" if match else None


_EXPECTED = "Expected are dexgrasp_train_HAND/OBJECT/SKILL_kp/LABEL_....pt, assets, and texts"
