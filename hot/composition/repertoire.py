"""What one hand can do with one object: its grasps, and all ways from one to another, into them and out of them.

A grasp that has been turned in the hand is a grasp like any other: twists are added to the library as grasps of their
own, so that an object can be carried, thrown, put down and turned on in them.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Callable, FrozenSet, Optional, Tuple, TypeVar

import torch
from torch import Tensor

from hot import rotations
from hot.composition.trials import Trials
from hot.errors import HotError
from hot.hands import HandSpec
from hot.objects import ObjectSpec
from hot.planning.changing import TableChanger
from hot.planning.config import PlanningConfig
from hot.planning.exchanging import find_exchanges
from hot.planning.exits import Exits, find_exits
from hot.planning.inhand import Edges
from hot.planning.rotating import Rotations
from hot.planning.setting import Setting, make_setting
from hot.planning.tabletop import Placing, Tabletop, Taking
from hot.progress import Progress, silent
from hot.synthesis.approach import Approaches
from hot.synthesis.grasps import TENSORS, Grasps
from hot.synthesis.timeline import Timeline, grasp_timeline, place_timeline
from hot.synthesis.transforms import invert

_LOG = logging.getLogger(__name__)
_LEAST_TURN = 0.25
"""Turns in the hand by less count as none [rad]."""
_CHANGES = 300
"""Pairs of ways over the table that are looked at for changes of grip."""
_Found = TypeVar("_Found")


@dataclass(frozen=True, eq=False)
class Links:
    """L transitions in the hand, each part of an edge run from one share of it to another."""

    start: Tensor  # (L,) int64 number of the grasp, twists included
    end: Tensor  # (L,)
    edge: Tensor  # (L,) row of ``edges``
    share_from: Tensor  # (L,)
    share_to: Tensor  # (L,)
    angle: Tensor  # (L,) by which the object is turned [rad]
    edges: Edges

    def select(self, rows: Tensor) -> Links:
        """Some of them; the edges stay whole."""
        chosen = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "edges"}
        return replace(self, **chosen)


@dataclass(frozen=True, eq=False)
class Tables:
    """Ways between the free hand on its way and grasps of the object in its resting poses."""

    planner: Tabletop
    timeline: Timeline
    ways: Approaches

    def pairs(self, grasps: int, poses: int) -> Tensor:
        """Which grasps can be taken or left from which resting pose (G, R) bool."""
        found = torch.zeros(grasps, poses, dtype=torch.bool, device=self.ways.grasp.device)
        found[self.ways.grasp, self.ways.rest] = True
        return found


class Repertoire:
    """All of it for one split; what no given skill needs is not looked for.

    Raises:
        BadFileError: no grasps or resting poses of this hand and object.
    """

    def __init__(
        self,
        hand: HandSpec,
        object_spec: ObjectSpec,
        skills: FrozenSet[str],
        seed: int,
        config: PlanningConfig,
        split: str,
        device: str = "cpu",
        progress: Progress = silent,
    ) -> None:
        library = make_setting(hand, object_spec, config, split, seed, device)
        turns = _or_none("rotate", skills, lambda: Rotations(library).edges)
        self.setting, self.parent, self.turns = _with_twists(library, turns)
        """Its grasps are the library's, then the twists; its rows are those of the split."""
        self.own = torch.isin(torch.arange(len(self.parent), device=library.device), library.rows)
        """Which grasps (G,) are the library's own and of the split."""
        setting = self.setting
        self.exits: Optional[Exits] = _or_none(
            "throw", skills | _as("throw", "catch", skills), lambda: find_exits(setting, config.toss_up)
        )
        self.takes = _or_none("grasp", skills, lambda: _tables(Taking(library), grasp_timeline(config)))
        self.leaves = _or_none("place", skills, lambda: _tables(Placing(setting), place_timeline(config)))
        self._library, self._skills, self._progress = library, skills, progress

    @cached_property
    def trials(self) -> Trials:
        """What physics makes of the ways out of the hand, which there must be."""
        assert self.exits is not None
        return Trials(self.setting, self.exits, self._progress)

    @cached_property
    def exchanges(self) -> Optional[Links]:
        """Changes of grip in the hand."""
        return _or_none("regrasp", self._skills, lambda: _whole(find_exchanges(self._library)))

    @cached_property
    def changer(self) -> Optional[TableChanger]:
        """Changes of grip over the table."""
        return _or_none("regrasp", self._skills, self._changer)

    def can(self) -> Tuple[str, ...]:
        """Skills for which at least one way was found; freemove and move need none."""
        found = {
            "grasp": self.takes,
            "place": self.leaves,
            "rotate": self.turns,
            "throw": self.exits,
            "catch": self.exits,
            "regrasp": self.changer or self.exchanges,
        }
        return ("freemove", "move", *(skill for skill, ways in found.items() if ways is not None))

    def _changer(self) -> TableChanger:
        """Changes of grip into grasps of the library's own, which physics has lifted the object with."""
        regrasp = self.setting.config.regrasp.model_copy(update={"changes": _CHANGES})
        config = self.setting.config.model_copy(update={"regrasp": regrasp})
        changer = TableChanger(replace(self.setting, config=config))
        changer.changes = changer.changes.select(self.own[changer.changes.second.grasp])
        if not len(changer.changes.first.grasp):
            raise HotError("no change of grip on the table")
        return changer


def _as(skill: str, other: str, skills: FrozenSet[str]) -> FrozenSet[str]:
    """``skill``, where ``other`` is asked for."""
    return frozenset({skill} if other in skills else ())


def _or_none(skill: str, skills: FrozenSet[str], find: Callable[[], _Found]) -> Optional[_Found]:
    """What is found for a skill; None where it is not asked for, or where the hand has no way to do it."""
    if skill not in skills:
        return None
    try:
        return find()
    except HotError as error:
        _LOG.info("no %s: %s", skill, error)
        return None


def _tables(planner: Tabletop, timeline: Timeline) -> Tables:
    return Tables(planner, timeline, planner.ways(timeline))


def _whole(edges: Edges) -> Links:
    """Each edge from its start to its end."""
    count, device = len(edges.start), edges.start.device
    if not count:
        raise HotError("no change of grip in the hand")
    zero, one = torch.zeros(count, device=device), torch.ones(count, device=device)
    number = torch.arange(count, device=device)
    return Links(edges.start, edges.end, number, zero, one, _angle(edges, zero, one), edges)


def _angle(edges: Edges, share_from: Tensor, share_to: Tensor) -> Tensor:
    ends = [edges.at(share[:, None]).object_quat_h[:, 0] for share in (share_from, share_to)]
    return rotations.angle_between(*ends)


def _with_twists(library: Setting, turns: Optional[Edges]) -> Tuple[Setting, Tensor, Optional[Links]]:
    """The setting with the ends of all turns as further grasps, the grasp of the library that each comes from (G,), and
    the transitions among them."""
    grasps = library.grasps
    number = torch.arange(len(grasps), device=library.device)
    if turns is None:
        return library, number, None
    count = len(turns.start)
    low, high = (turns.at(torch.full((count, 1), share, device=library.device)) for share in (0.0, 1.0))
    twists = [_twisted(grasps, turns.start, end) for end in (low, high)]
    whole = {n: torch.cat([getattr(each, n) for each in (grasps, *twists)]) for n in TENSORS}
    first = len(grasps) + torch.arange(count, device=library.device)
    rows = torch.cat([library.rows, first, first + count])
    setting = replace(library, grasps=Grasps(grasps.hand, grasps.object, **whole, meta=grasps.meta), rows=rows)
    return setting, torch.cat([number, turns.start, turns.start]), _links(turns, grasps, first, first + count)


def _twisted(grasps: Grasps, rows: Tensor, end: Edges) -> Grasps:
    """Grasps ``rows`` (E,) as they are at one end of their edges."""
    pos, quat = invert((end.object_pos_h[:, 0], end.object_quat_h[:, 0]))
    return replace(
        grasps.select(rows),
        fingers=end.fingers[:, 0],
        command=end.command[:, 0],
        wrist_pos_o=pos,
        wrist_quat_o=quat,
    )


def _links(turns: Edges, grasps: Grasps, low: Tensor, high: Tensor) -> Links:
    """From each end to the other, and between the library's grasp and either end."""
    held = rotations.conjugate(grasps.wrist_quat_o[turns.start])
    zero, one = torch.zeros_like(held[:, 0]), torch.ones_like(held[:, 0])
    first, last = (turns.at(share[:, None]).object_quat_h[:, 0] for share in (zero, one))
    before = rotations.angle_between(first, held)
    middle = before / rotations.angle_between(first, last)  # a turn about one axis: angles add up
    edge = torch.arange(len(low), device=low.device)
    nodes = ((low, zero), (turns.start, middle), (high, one))
    parts = [
        Links(a, b, edge, share_a, share_b, _angle(turns, share_a, share_b), turns)
        for a, share_a in nodes
        for b, share_b in nodes
        if a is not b
    ]
    joined = {f.name: torch.cat([getattr(p, f.name) for p in parts]) for f in fields(Links) if f.name != "edges"}
    links = Links(**joined, edges=turns)
    return links.select(links.angle > _LEAST_TURN)
