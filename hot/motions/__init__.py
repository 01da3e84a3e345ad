"""Reference motions: clips with named joints, their one file format, upstream's formats, and sets on a device."""

from hot.motions.clips import Motions
from hot.motions.files import load_motions, save_motions
from hot.motions.origins import moved_along
from hot.motions.skills import SKILLS, Skill, skill_by_name
from hot.motions.upstream import load_upstream, save_upstream

__all__ = [
    "SKILLS",
    "Motions",
    "Skill",
    "load_motions",
    "load_upstream",
    "moved_along",
    "save_motions",
    "save_upstream",
    "skill_by_name",
]
