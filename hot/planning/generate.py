"""From a library of grasps to clips of one skill."""

from __future__ import annotations

import logging
from typing import Callable, Dict, List, Union

import torch
from torch import Tensor
from typing_extensions import Protocol

from hot.errors import HotError, UnknownNameError
from hot.hands import HandSpec
from hot.motions import Motions
from hot.objects import ObjectSpec
from hot.planning.config import PlanningConfig
from hot.planning.freemove import FreeMoves
from hot.planning.motion import to_motions
from hot.planning.regrasping import Regrasps
from hot.planning.rotating import Rotations
from hot.planning.setting import SPLITS, Setting, make_setting
from hot.planning.tabletop import Placing, Taking
from hot.planning.tossing import Catches, Throws
from hot.planning.transitions import join
from hot.planning.transport import Moves
from hot.progress import Progress, silent
from hot.synthesis.paths import Paths

_LOG = logging.getLogger(__name__)
_DRAWS = 40
"""Rounds of redrawing after which a request counts as impossible."""
_SPARE, _FEW = 1.3, 32
"""Candidates that are checked at once: times those that are lacking, and besides, since a few cost as much as one."""


class SkillPlanner(Protocol):
    """Draws candidates for clips of one skill, and says which of them will not do."""

    def draw(self, count: int) -> Paths:
        """``count`` candidates."""
        ...

    def refuse(self, paths: Paths) -> Dict[str, Tensor]:
        """Masks (N,) of the candidates that break each rule."""
        ...


_PLANNERS: Dict[str, Callable[[Setting], SkillPlanner]] = {
    "freemove": FreeMoves,
    "grasp": Taking,
    "move": Moves,
    "place": Placing,
    "throw": Throws,
    "catch": Catches,
    "regrasp": Regrasps,
    "rotate": Rotations,
}
SKILLS = tuple(_PLANNERS)


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
    planner = skill_planner(hand, object_spec, skill, seed, config, split, device)
    paths = _redraw(planner, clips, skill, progress)
    meta = {"generator": "hot.planning", "seed": seed, "split": split, "config": config.model_dump()}
    return to_motions(paths, hand, object_spec.name, skill, meta)


def skill_planner(
    hand: HandSpec,
    object_spec: ObjectSpec,
    skill: str,
    seed: int,
    config: PlanningConfig,
    split: str,
    device: Union[str, torch.device] = "cpu",
) -> SkillPlanner:
    """What draws clips of a skill, with everything found that it finds once.

    Raises:
        UnknownNameError: no planner for the skill, or no such split.
        BadFileError: no grasps or resting poses of this hand and object.
        HotError: the hand can do nothing of the kind with the object.
    """
    if skill not in SKILLS:
        raise UnknownNameError("skill to plan", skill, SKILLS)
    if split not in SPLITS:
        raise UnknownNameError("split", split, SPLITS)
    setting = make_setting(hand, object_spec, config, split, _mix(seed, skill, split), device)
    return _PLANNERS[skill](setting)


def _mix(seed: int, skill: str, split: str) -> int:
    """A different stream for each skill and split, so that their clips are not paired."""
    return (seed * len(SKILLS) + SKILLS.index(skill)) * len(SPLITS) + SPLITS.index(split)


def _redraw(planner: SkillPlanner, clips: int, skill: str, progress: Progress) -> Paths:
    """Draw until ``clips`` paths obey every rule. What is not needed is not checked."""
    parts: List[Paths] = []
    reasons: Dict[str, int] = {}
    found = 0
    for _ in range(_DRAWS):
        drawn = planner.draw(clips)
        for rows in torch.arange(clips, device=drawn.length.device).split(round(_SPARE * (clips - found)) + _FEW):
            some = drawn.select(rows)
            broken = planner.refuse(some)
            bad = torch.stack(list(broken.values()))
            counts = bad.sum(1).tolist()
            reasons = {name: reasons.get(name, 0) + count for name, count in zip(broken, counts)}
            parts.append(some.select(~bad.any(0)))
            found += len(parts[-1].length)
            progress(f"planning {skill}", min(found, clips), clips, {})
            if found >= clips:
                _LOG.info("%s: drawn again for %s", skill, {name: count for name, count in reasons.items() if count})
                return join(parts, clips)
    reasons = {name: count for name, count in reasons.items() if count}
    raise HotError(f"only {found} of {clips} clips of {skill} obey the rules; refused: {reasons}")
