"""The eight skills and their numbers in files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

from hot.errors import UnknownNameError


@dataclass(frozen=True)
class Skill:
    """One way to handle an object; ``label`` is its number in the original release's file names."""

    name: str
    label: int


SKILLS: Tuple[Skill, ...] = (
    Skill("grasp", 1),
    Skill("move", 2),
    Skill("place", 3),
    Skill("regrasp", 5),
    Skill("rotate", 6),
    Skill("catch", 7),
    Skill("throw", 8),
    Skill("freemove", 9),
)


def skill_by_name(name: str) -> Skill:
    """A skill by its name, in any case.

    Raises:
        UnknownNameError: no such skill.
    """
    for skill in SKILLS:
        if skill.name == name.lower():
            return skill
    raise UnknownNameError("skill", name, [skill.name for skill in SKILLS])
