"""What an upstream command is about: hand, objects, skills, and where its clips lie."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Optional, Tuple

from hot.migration.draft import Draft
from hot.migration.facts import BUNDLE, ENV_CONFIGS, HANDS, OBJECT_FOLDER, SKILLS, EnvConfig
from hot.migration.flags import Given
from hot.migration.shell import quoted
from hot.migration.shipped import shipped_grasps, shipped_objects

REFINED = "data/refined"
"""Where refined clips are kept, and looked for."""
_LABEL = re.compile(r"(\d{3})_")
_GRASPS = "24"
"""Found of each object that ships without any, as the README does."""


@dataclass(frozen=True)
class Subject:
    """Of one command."""

    hand: str
    objects: Tuple[str, ...]
    stage: int
    skills: Tuple[str, ...]
    """Empty where the name of the clips' folder tells none."""

    @property
    def all_objects(self) -> str:
        """As options take them."""
        return ",".join(self.objects)


def read_subject(draft: Draft, given: Given) -> Subject:
    """The subject of a command of ``hot/run.py``; what upstream takes from its YAML is known by the file's name."""
    hand = given.text("hand_model", "mano")
    if hand not in HANDS and not is_open(hand):
        draft.lack(f"--hand_model {hand}", f"upstream's hands are {', '.join(HANDS)}")
        hand = HANDS[0]
    path = given.text("cfg_env")
    config = _config(path)
    if path and config is None:
        draft.note(f"{path} is none of upstream's release: what it changes is not read; --set KEY=VALUE does as much.")
    named = given.texts("objnames")
    objects = tuple(dict.fromkeys(spelled(name) for name in named or (config.objects if config else ())))
    if not objects:
        draft.lack("--objnames", "names no object, and the YAML that does is not one of upstream's release")
    return Subject(hand, objects, stage_of(given), skills_of(given.text("motion_file")))


def spelled(name: str) -> str:
    """An object as its catalogue spells it, where it ships."""
    return next((known for known in shipped_objects() if known.lower() == name.lower()), name)


def skills_of(path: str) -> Tuple[str, ...]:
    """The skills that the name of a folder or file of clips tells."""
    for part in reversed(PurePosixPath(path).parts):
        label = _LABEL.match(part)
        if label:
            return tuple(name for number, name in SKILLS.items() if number == int(label.group(1)))
        words = part.lower().split("_")
        if words[0] in SKILLS.values():
            return (words[0],)
        if "gmp" in words:
            return BUNDLE
    return ()


def put_objects(draft: Draft, subject: Subject, clips_are_upstreams: bool = False) -> None:
    """Name the objects: upstream's own where its clips are read, else ours, after what makes those that do not ship."""
    if subject.objects:
        draft.put("--object", subject.all_objects)
    for name in subject.objects:
        if is_open(name):
            draft.note(f"{name} is to be filled in: a name of hot objects list.")
    if clips_are_upstreams:
        return draft.put("--assets", OBJECT_FOLDER)
    named = [name for name in subject.objects if not is_open(name)]
    foreign = [name for name in named if name not in shipped_objects()]
    for name in foreign:
        words = ("hot", "objects", "add", f"{OBJECT_FOLDER}/{name}/{name}.urdf", "--name", name)
        draft.before.append(" ".join(map(quoted, words)))
    if foreign:
        draft.note(f"Not shipped, so added once from upstream's files: {', '.join(foreign)}.")
    bare = [name for name in named if name not in shipped_grasps(subject.hand)]
    if bare:
        words = (
            "hot",
            "grasps",
            "find",
            "--hand",
            subject.hand,
            "--object",
            ",".join(bare),
            "--count",
            _GRASPS,
            "--missing",
        )
        draft.before.append(" ".join(map(quoted, words)))
        draft.note("Objects without grasps need some once, to plan clips of.")
    return None


def put_skills(draft: Draft, subject: Subject, path: str) -> None:
    """Name the skills."""
    draft.put("--skill", ",".join(subject.skills or BUNDLE))
    if path and not subject.skills:
        draft.note(f"{path} does not tell its skills; name them with --skill if they are others.")


def put_clips(draft: Draft, path: str, alone: bool = True) -> None:
    """Name the clips; those of one object cannot serve several."""
    if path and (is_ours(path) or alone):
        draft.put("--motions", path)
    elif path:
        draft.note(f"Clips are the planner's, not those of {path}, which are of one object.")


def is_open(word: str) -> bool:
    """Whether a word is a placeholder or a shell's variable."""
    return word.startswith("[") or "$" in word


def is_ours(path: str) -> bool:
    """Whether a path is one of our own clips or policies."""
    return path.endswith(".safetensors")


def stage_of(given: Given) -> int:
    """The stage of training that a YAML's name tells."""
    path = given.text("cfg_env")
    config = _config(path)
    return config.stage if config else 2 if "stage2" in path else 1


def _config(path: str) -> Optional[EnvConfig]:
    return ENV_CONFIGS.get(PurePosixPath(path).stem)
