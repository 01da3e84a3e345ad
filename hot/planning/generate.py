"""From a library of grasps to clips of one skill."""

from __future__ import annotations

import logging
import math
from typing import Callable, Dict, List

import torch
from torch import Tensor

from hot.errors import HotError, UnknownNameError
from hot.hands import HandSpec
from hot.motions import Motions
from hot.objects import ObjectSpec
from hot.planning.freemove import draw_free_moves
from hot.planning.transport import draw_transports
from hot.progress import Progress, silent
from hot.synthesis.approach import Approacher
from hot.synthesis.clearance import Clearance
from hot.synthesis.config import SynthesisConfig
from hot.synthesis.grasps import load_grasps
from hot.synthesis.paths import Paths, hinge_angles, join_paths, to_motions
from hot.synthesis.resting import load_resting
from hot.synthesis.timeline import grasp_timeline, place_timeline

_LOG = logging.getLogger(__name__)
_DRAWS = 40
"""Rounds of redrawing after which a request counts as impossible."""
_TIMELINES = {"grasp": grasp_timeline, "place": place_timeline}
SKILLS = ("freemove", "grasp", "move", "place")
SPLITS = ("train", "test")


def generate(
    hand: HandSpec,
    object_spec: ObjectSpec,
    skill: str,
    clips: int,
    seed: int,
    config: SynthesisConfig,
    split: str,
    progress: Progress = silent,
) -> Motions:
    """``clips`` feasible clips of one skill, the same for the same arguments.

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
    planner = _Planner(hand, object_spec, config, split, torch.Generator().manual_seed(_mix(seed, skill, split)))
    makers: Dict[str, Callable[[int], Paths]] = {"move": planner.draw_moves, "freemove": planner.draw_free_moves}
    if skill in _TIMELINES:
        paths = planner.plan_on_table(_TIMELINES[skill](config), clips)
    else:
        paths = _redraw(makers[skill], planner.refuse, clips, skill, progress)
    progress(f"planning {skill}", clips, clips, {})
    meta = {"generator": "hot.planning", "seed": seed, "split": split, "config": config.model_dump()}
    return to_motions(paths, hand, object_spec.name, skill, meta)


def _mix(seed: int, skill: str, split: str) -> int:
    """A different stream for each skill and split, so that their clips are not paired."""
    return (seed * len(SKILLS) + SKILLS.index(skill)) * len(SPLITS) + SPLITS.index(split)


def _redraw(
    draw: Callable[[int], Paths],
    refuse: Callable[[Paths], Dict[str, Tensor]],
    clips: int,
    skill: str,
    progress: Progress,
) -> Paths:
    """Draw until ``clips`` paths obey every rule."""
    parts: List[Paths] = []
    reasons: Dict[str, int] = {}
    found = 0
    for _ in range(_DRAWS):
        drawn = draw(clips)
        bad = torch.zeros(clips, dtype=torch.bool)
        for reason, mask in refuse(drawn).items():
            reasons[reason] = reasons.get(reason, 0) + int(mask.sum())
            bad |= mask
        parts.append(drawn.select(~bad))
        found += int((~bad).sum())
        progress(f"planning {skill}", min(found, clips), clips, {})
        if found >= clips:
            break
    _LOG.info("%s: drawn again for %s", skill, reasons)
    if found < clips:
        raise HotError(f"only {found} of {clips} clips of {skill} obey the rules; refused: {reasons}")
    return join_paths(parts).select(torch.arange(clips))


class _Planner:
    """The grasps of one split, and everything that draws from them."""

    def __init__(
        self, hand: HandSpec, object_spec: ObjectSpec, config: SynthesisConfig, split: str, generator: torch.Generator
    ) -> None:
        self._hand, self._object, self._config, self._generator = hand, object_spec, config, generator
        self._grasps, self._resting = load_grasps(hand.name, object_spec.name), load_resting(object_spec.name)
        held_out = torch.arange(len(self._grasps)) % config.held_out == 0
        self._rows = (held_out if split == "test" else ~held_out).nonzero()[:, 0]
        self._clearance = Clearance(hand, object_spec)

    def plan_on_table(self, timeline, clips: int) -> Paths:
        """Clips that begin or end at a resting pose, in equal shares of poses and of the grasps that serve them."""
        approacher = Approacher(self._hand, self._object, self._grasps, self._resting, self._config)
        pairs = self._grasps.pickup.nonzero()
        pairs = pairs[(pairs[:, :1] == self._rows).any(1)]
        ways = approacher.find(pairs, timeline, self._generator)
        _LOG.info("%d ways; refused: %s", len(ways.grasp), approacher.rejected)
        chosen = ways.select(_pick_evenly(ways.rest, ways.grasp, clips, self._generator))
        yaw = 2 * math.pi * torch.rand(clips, generator=self._generator)
        xy = self._config.reach * (2 * torch.rand(clips, 2, generator=self._generator) - 1)
        return approacher.paths(chosen, timeline, yaw, xy)

    def draw_moves(self, clips: int) -> Paths:
        return draw_transports(self._grasps, self._draw_rows(clips), self._config, self._generator)

    def draw_free_moves(self, clips: int) -> Paths:
        rows = self._draw_rows(clips)
        return draw_free_moves(self._hand, self._grasps, rows, self._resting, self._config, self._generator)

    def _draw_rows(self, clips: int) -> Tensor:
        """Every grasp as often as every other, in random order."""
        order = torch.arange(clips) % len(self._rows)
        return self._rows[order[torch.randperm(clips, generator=self._generator)]]

    def refuse(self, paths: Paths) -> Dict[str, Tensor]:
        """Masks (N,) of the paths that break each rule."""
        config = self._config
        hinges, speed = hinge_angles(paths)
        joints = torch.cat([paths.wrist_pos_w, hinges, paths.fingers], dim=-1)[:, :: config.check_stride]
        lowest = self._clearance.lowest(joints).amin(-1)
        wound = (hinges.abs() > self._hand.joint_upper[3:6]).flatten(1).any(1)
        refused = {
            "hinge speed": speed > config.max_hinge_speed,
            "hinge range": wound,
            "table": lowest < config.table_clearance,
        }
        if (paths.contact == 0).all():
            pos, quat = (t[:, :: config.check_stride].flatten(0, 1) for t in (paths.object_pos_w, paths.object_quat_w))
            depth = self._clearance.depth(joints.flatten(0, 1), pos, quat, margin=config.preshape_margin)
            refused["near the object"] = (depth.view(joints.shape[:2]) > -config.preshape_margin).any(1)
        return refused


def _pick_evenly(rest: Tensor, grasp: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Rows (count,) of ways: resting poses in turn, a random grasp of that pose, a random way of that grasp."""
    poses = rest.unique()
    picks = []
    for index in range(count):
        rows = (rest == poses[index % len(poses)]).nonzero()[:, 0]
        grasps = grasp[rows].unique()
        chosen = grasps[int(torch.randint(len(grasps), (1,), generator=generator))]
        rows = rows[grasp[rows] == chosen]
        picks.append(rows[int(torch.randint(len(rows), (1,), generator=generator))])
    return torch.stack(picks)
