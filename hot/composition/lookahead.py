"""Which grasps and resting poses leave the rest of a script possible, worked out from its end to its beginning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Sequence, Tuple

import torch
from torch import Tensor

from hot.composition.order import lands
from hot.composition.repertoire import Links, Repertoire
from hot.composition.script import (
    Catch,
    Freemove,
    GraspStep,
    PlaceStep,
    Regrasp,
    Rotate,
    Script,
    SkillStep,
    Throw,
)
from hot.composition.steps import meant_turns
from hot.composition.targets import grasps_meant, rests_meant
from hot.errors import HotError


@dataclass(frozen=True, eq=False)
class Outlook:
    """Before each of L steps and after the last: with which grasps, in which resting poses the rest can be done."""

    grasps: Tensor  # (L + 1, G) bool
    rests: Tensor  # (L + 1, R) bool


def look_ahead(repertoire: Repertoire, script: Script) -> Outlook:
    """What each step must lead to.

    Raises:
        HotError: nothing this hand can do with the object carries out the script; the message names the step.
        ConfigError: a target that the library or the object does not have.
    """
    setting, steps = repertoire.setting, script.flat()
    skills = [step.skill for step in steps]
    grasps = torch.zeros(len(setting.grasps), dtype=torch.bool, device=setting.device)
    grasps[setting.rows] = True
    rests = torch.ones(len(setting.resting), dtype=torch.bool, device=setting.device)
    listed: List[Tuple[Tensor, Tensor]] = [(grasps, rests)]
    for index in range(len(steps) - 1, -1, -1):
        grasps, rests = _before(repertoire, steps[index], skills, index, grasps, rests)
        if not bool((grasps.any() | rests.any()).item()):
            raise HotError(_nothing(repertoire, skills, index))
        listed.append((grasps, rests))
    if skills[0] in ("grasp", "freemove"):
        rests = rests & rests_meant(setting, script.start.pose)
        listed[-1] = grasps, rests
        if not bool(rests.any()):
            raise HotError(_nothing(repertoire, skills, 0))
    listed.reverse()
    return Outlook(torch.stack([g for g, _ in listed]), torch.stack([r for _, r in listed]))


def _before(
    repertoire: Repertoire, step: SkillStep, skills: Sequence[str], index: int, grasps: Tensor, rests: Tensor
) -> Tuple[Tensor, Tensor]:
    """Grasps (G,) and resting poses (R,) from which a step leads to those given."""
    none_held, none_lying = torch.zeros_like(grasps), torch.zeros_like(rests)
    if isinstance(step, Freemove):
        return none_held, rests
    if isinstance(step, GraspStep):
        tables = repertoire.takes
        if tables is None:
            return none_held, none_lying
        wanted = grasps & grasps_meant(repertoire, step.grasp)
        return none_held, (tables.pairs(len(grasps), len(rests)) & wanted[:, None]).any(0)
    if isinstance(step, PlaceStep):
        tables = repertoire.leaves
        if tables is None:
            return none_held, none_lying
        wanted = rests & rests_meant(repertoire.setting, step.pose)
        return (tables.pairs(len(grasps), len(rests)) & wanted).any(1), none_lying
    if isinstance(step, (Throw, Catch)):
        return _tossed(repertoire, step, lands(skills, index), grasps, rests), none_lying
    return _kept(repertoire, step, grasps), none_lying


def _kept(repertoire: Repertoire, step: SkillStep, grasps: Tensor) -> Tensor:
    """Grasps (G,) from which a step that never lets go leads to those given."""
    if isinstance(step, Rotate):
        links = repertoire.turns
        return torch.zeros_like(grasps) if links is None else _linked(links, meant_turns(links, step), grasps)
    if isinstance(step, Regrasp):
        wanted = grasps & grasps_meant(repertoire, step.grasp)
        before = torch.zeros_like(grasps)
        links = None if step.way == "table" else repertoire.exchanges
        changer = None if step.way == "hand" else repertoire.changer
        if links is not None:
            before |= _linked(links, torch.ones_like(links.start, dtype=torch.bool), wanted)
        if changer is not None:
            first, second = changer.changes.first.grasp, changer.changes.second.grasp
            before[first[wanted[second]]] = True
        return before
    return grasps


def _linked(links: Links, meant: Tensor, grasps: Tensor) -> Tensor:
    before = torch.zeros_like(grasps)
    before[links.start[meant & grasps[links.end]]] = True
    return before


def _tossed(repertoire: Repertoire, step: SkillStep, landing: bool, grasps: Tensor, rests: Tensor) -> Tensor:
    """Grasps (G,) that can let the object go, or catch it."""
    if repertoire.exits is None:
        return torch.zeros_like(grasps)
    if isinstance(step, Throw) and landing:
        able = torch.zeros_like(grasps)
        able[repertoire.exits.grasp] = True
        return able & (rests & rests_meant(repertoire.setting, step.pose)).any()
    return repertoire.trials.able() & grasps


def targets_of(repertoire: Repertoire, step: SkillStep, grasps: Tensor, rests: Tensor) -> Tuple[Tensor, Tensor]:
    """Of the grasps (N, G) and resting poses (N, R) after a step those that the script allows there."""
    if isinstance(step, (GraspStep, Regrasp)):
        grasps = grasps & grasps_meant(repertoire, step.grasp)
    if isinstance(step, (PlaceStep, Throw)):
        rests = rests & rests_meant(repertoire.setting, step.pose)
    return grasps, rests


def _nothing(repertoire: Repertoire, skills: Sequence[str], index: int) -> str:
    setting = repertoire.setting
    after = skills[index : index + 4]
    more = ", ..." if len(skills) > index + 4 else ""
    return (
        f"step {index + 1} ({skills[index]}) is impossible: no grasp of {setting.object_spec.name} by "
        f"{setting.hand.name} in this split can do {', '.join(after)}{more} as the script asks; relax the targets of "
        "these steps, or find more grasps (hot grasps find)"
    )
