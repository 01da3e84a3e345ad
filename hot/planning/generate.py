"""From a library of grasps to clips of one skill."""

from __future__ import annotations

import logging
from typing import Callable, Dict, List, Tuple, Union

import torch
from torch import Tensor

from hot.errors import HotError, UnknownNameError
from hot.hands import HandSpec
from hot.motions import Motions
from hot.objects import ObjectSpec
from hot.planning.checks import refused
from hot.planning.config import PlanningConfig
from hot.planning.freemove import draw_free_moves
from hot.planning.motion import to_motions
from hot.planning.setting import SPLITS, Setting, make_setting
from hot.planning.tabletop import Tabletop
from hot.planning.tossing import Tosses
from hot.planning.transitions import join
from hot.planning.transport import draw_moves
from hot.progress import Progress, silent
from hot.synthesis.paths import Paths

_LOG = logging.getLogger(__name__)
_DRAWS = 40
"""Rounds of redrawing after which a request counts as impossible."""

Draw = Callable[[int], Paths]
Refuse = Callable[[Paths], Dict[str, Tensor]]


def _free_moves(setting: Setting) -> Tuple[Draw, Refuse]:
    margin = setting.config.preshape_margin
    return lambda count: draw_free_moves(setting, count), lambda paths: refused(setting, paths, margin)


def _moves(setting: Setting) -> Tuple[Draw, Refuse]:
    return lambda count: draw_moves(setting, count), lambda paths: refused(setting, paths)


def _grasps(setting: Setting) -> Tuple[Draw, Refuse]:
    return Tabletop(setting).draw_grasps, lambda paths: refused(setting, paths, seen=True)


def _places(setting: Setting) -> Tuple[Draw, Refuse]:
    return Tabletop(setting).draw_places, lambda paths: refused(setting, paths, seen=True)


def _throws(setting: Setting) -> Tuple[Draw, Refuse]:
    tosses = Tosses(setting, setting.config.throw)
    return tosses.draw_throws, tosses.refuse


def _catches(setting: Setting) -> Tuple[Draw, Refuse]:
    tosses = Tosses(setting, setting.config.catch)
    return tosses.draw_catches, tosses.refuse


_MAKERS: Dict[str, Callable[[Setting], Tuple[Draw, Refuse]]] = {
    "freemove": _free_moves,
    "grasp": _grasps,
    "move": _moves,
    "place": _places,
    "throw": _throws,
    "catch": _catches,
}
SKILLS = tuple(_MAKERS)


def generate(  # noqa: PLR0913  what, how much and where, all of them said by every caller
    hand: HandSpec,
    object_spec: ObjectSpec,
    skill: str,
    clips: int,
    seed: int,
    config: PlanningConfig,
    split: str,
    progress: Progress = silent,
    device: Union[str, torch.device] = "cpu",
) -> Motions:
    """``clips`` feasible clips of one skill, on a device: the same for the same arguments.

    Split "test" uses only every ``held_out``-th grasp, "train" only the others. Clips of grasp and place
    are spread evenly over the resting poses that the hand can serve, then evenly over grasps.

    Raises:
        UnknownNameError: no planner for the skill, or no such split.
        BadFileError: no grasps or resting poses of this hand and object.
        HotError: the rules leave no clip; the message counts what fell to which rule.
    """
    if skill not in SKILLS:
        raise UnknownNameError("skill to plan", skill, SKILLS)
    if split not in SPLITS:
        raise UnknownNameError("split", split, SPLITS)
    setting = make_setting(hand, object_spec, config, split, _mix(seed, skill, split), device)
    draw, refuse = _MAKERS[skill](setting)
    paths = _redraw(draw, refuse, clips, skill, progress)
    meta = {"generator": "hot.planning", "seed": seed, "split": split, "config": config.model_dump()}
    return to_motions(paths, hand, object_spec.name, skill, meta)


def _mix(seed: int, skill: str, split: str) -> int:
    """A different stream for each skill and split, so that their clips are not paired."""
    return (seed * len(SKILLS) + SKILLS.index(skill)) * len(SPLITS) + SPLITS.index(split)


def _redraw(draw: Draw, refuse: Refuse, clips: int, skill: str, progress: Progress) -> Paths:
    """Draw until ``clips`` paths obey every rule."""
    parts: List[Paths] = []
    reasons: Dict[str, int] = {}
    found = 0
    for _ in range(_DRAWS):
        drawn = draw(clips)
        broken = refuse(drawn)
        bad = torch.stack(list(broken.values()))
        counts = bad.sum(1).tolist()
        reasons = {name: reasons.get(name, 0) + count for name, count in zip(broken, counts)}
        parts.append(drawn.select(~bad.any(0)))
        found += len(parts[-1].length)
        progress(f"planning {skill}", min(found, clips), clips, {})
        if found >= clips:
            break
    reasons = {name: count for name, count in reasons.items() if count}
    _LOG.info("%s: drawn again for %s", skill, reasons)
    if found < clips:
        raise HotError(f"only {found} of {clips} clips of {skill} obey the rules; refused: {reasons}")
    return join(parts, clips)
