"""Taking an object off the table, and setting it down on it."""

from __future__ import annotations

import logging
from typing import Dict, Optional, Tuple

import torch
from torch import Tensor

from hot.planning.checks import pace
from hot.planning.draws import Draws
from hot.planning.keyframes import keyframe
from hot.planning.setting import Setting
from hot.planning.transitions import HELD, carry, chain, shares, wait
from hot.synthesis.approach import Approacher, Approaches
from hot.synthesis.paths import Paths
from hot.synthesis.timeline import Timeline, frames_of, grasp_timeline, place_timeline, smooth
from hot.synthesis.transforms import Transform

_LOG = logging.getLogger(__name__)


class Tabletop:
    """The ways to the grasps of a split, and what clips along them have in common: equal shares of the resting poses
    that the hand can serve, then of grasps."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._found: Optional[Approaches] = None
        self._approacher = Approacher(
            setting.hand, setting.object_spec, setting.grasps, setting.resting, setting.config, setting.clearance
        )

    def ways(self, timeline: Timeline) -> Approaches:
        """All collision-free ways of the split's grasps that lifted the object from the resting pose in physics, found
        once.

        Raises:
            HotError: there is none; the message counts the reasons.
        """
        if self._found is not None:
            return self._found
        setting = self._setting
        pairs = setting.grasps.pickup.nonzero()
        pairs = pairs[(pairs[:, :1] == setting.rows).any(1)]
        ways = self._approacher.find(pairs, timeline, setting.draws.generator)
        _LOG.info("%d ways; refused: %s", len(ways.grasp), self._approacher.rejected)
        self._found = ways
        return ways

    def reach(self, ways: Approaches, timeline: Timeline, yaw: Tensor, spot: Tensor) -> Paths:
        """The frames of a timeline in which the object lies on the table, turned by ``yaw`` (N,) [rad] at ``spot``
        (N, 2) [m]."""
        return self._approacher.paths(ways, on_table(timeline), yaw, spot)

    def refuse(self, paths: Paths) -> Dict[str, Tensor]:
        """Masks (N,) of the paths that break each rule; ways past table and object were checked when found."""
        return pace(self._setting, paths)

    @property
    def _lift_frames(self) -> int:
        return frames_of(self._setting.config.lift, self._setting.config.speed)

    def _vertical(self, start: Transform, way: float, count: int) -> Transform:
        share = smooth(shares(self._lift_frames, count, self._setting.device))[..., None]
        up = share * start[0].new_tensor([0.0, 0.0, way])
        return start[0][:, None] + up, start[1][:, None].expand(*up.shape[:2], 4)

    def _draw(self, timeline: Timeline, count: int) -> Tuple[Paths, Approaches]:
        setting, ways = self._setting, self.ways(timeline)
        chosen = ways.select(pick_evenly(ways.rest, ways.grasp, count, setting.draws))
        return self.reach(chosen, timeline, setting.yaws(count), setting.spots(count)), chosen


class Taking(Tabletop):
    """Approach, close, lift, hold."""

    def draw(self, count: int) -> Paths:
        """Candidates."""
        config, timeline = self._setting.config, grasp_timeline(self._setting.config)
        reached, ways = self._draw(timeline, count)
        start = keyframe(reached, -1)
        lifted = carry(start, self._vertical(start.object, config.lift, count), self._lift_frames)
        end = wait(keyframe(lifted, -1), config.final_hold - 1, HELD)
        return chain([reached, lifted, end], ways.grasp, ways.rest)


class Placing(Tabletop):
    """Hold, lower, let go, retreat."""

    def draw(self, count: int) -> Paths:
        """Candidates."""
        config, timeline = self._setting.config, place_timeline(self._setting.config)
        left, ways = self._draw(timeline, count)
        landed = keyframe(left, 0)
        top = self._vertical(landed.object, config.lift, count)
        raised = carry(landed, (top[0][:, -1:], top[1][:, -1:]), 1)
        start = keyframe(raised, -1)
        lowered = carry(start, self._vertical(start.object, -config.lift, count), self._lift_frames)
        begin = wait(start, config.final_hold, HELD)
        return chain([begin, lowered, left], ways.grasp, ways.rest)


def on_table(timeline: Timeline) -> Timeline:
    """The frames before the lift starts, or after the object has landed."""
    rows = (timeline.lifted == 0).nonzero()[:, 0]
    return timeline.part(slice(int(rows[0]), int(rows[-1]) + 1), rows.device)


def pick_evenly(rest: Tensor, grasp: Tensor, count: int, draws: Draws) -> Tensor:
    """Rows (count,) of ways: resting poses in turn, a random grasp of that pose, a random way of that grasp."""
    pairs, owner = torch.stack([rest, grasp], dim=1).unique(dim=0, return_inverse=True)
    _, pose = pairs[:, 0].unique(return_inverse=True)
    by_pair, by_pose = owner.argsort(stable=True), pose.bincount()
    turn = torch.arange(count, device=rest.device) % len(by_pose)
    pair = _within(by_pose, turn, draws.uniform(count))  # pairs are sorted by pose
    return by_pair[_within(owner.bincount(minlength=len(pairs)), pair, draws.uniform(count))]


def _within(sizes: Tensor, group: Tensor, share: Tensor) -> Tensor:
    """A place (N,) in the group (N,) of a list that consists of groups of given sizes (G,)."""
    return (sizes.cumsum(0) - sizes)[group] + (share * sizes[group]).long()
