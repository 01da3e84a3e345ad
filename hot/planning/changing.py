"""From one grasp to another over the table: put the object down, let go, come back otherwise, take it up."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import List, Tuple

import torch
from torch import Tensor

from hot import rotations
from hot.planning.checks import contact
from hot.planning.keyframes import Keyframe, held, keyframe
from hot.planning.laws import smooth_frames
from hot.planning.setting import Setting
from hot.planning.tabletop import Taking
from hot.planning.transitions import FREE, HELD, UNSURE, carry, chain, piece, reach, shares, wait
from hot.synthesis.approach import Approaches
from hot.synthesis.paths import Paths
from hot.synthesis.timeline import frames_of, grasp_timeline, smooth
from hot.synthesis.transforms import Transform

_LOG = logging.getLogger(__name__)
_SETTLE = 4
"""Frames for which a landed object is held."""


@dataclass(frozen=True, eq=False)
class Changes:
    """C ways from one grasp of an object in a resting pose to another."""

    first: Approaches
    second: Approaches

    def select(self, rows: Tensor) -> Changes:
        """Some of them, by mask or index."""
        return Changes(self.first.select(rows), self.second.select(rows))


class TableChanger:
    """Changes of grip on the table for one split; where the hand goes is checked once, whatever the object's place."""

    def __init__(self, setting: Setting) -> None:
        self._setting, self._config = setting, setting.config.regrasp
        self._approach = Taking(setting).ways(grasp_timeline(setting.config))
        self.changes = self._find()

    def draw(self, rows: Tensor, object_w: Transform) -> Paths:
        """Paths along some of the changes (N,), of objects lying at poses (N, 3), (N, 4) in their resting poses."""
        config, setting = self._config, self._setting
        chosen = self.changes.select(rows)
        first = held(setting.grasps, chosen.first.grasp, object_w)
        raised = _raise(first, config.height)
        down = self._vertical(raised, -config.height)
        between, last = self._between(chosen, first, object_w)
        up = self._vertical(last, config.height)
        parts = [wait(raised, 1, HELD), down, wait(first, _SETTLE, HELD), *between, up]
        used = sum(part.length for part in parts[:-1]) + up.length
        rest = (config.frames - used).clamp_min(0)
        return chain([*parts, wait(keyframe(up, -1), rest, HELD)], chosen.first.grasp, chosen.first.rest)

    def _between(self, chosen: Changes, first: Keyframe, object_w: Transform) -> Tuple[List[Paths], Keyframe]:
        """The pieces from one grip to the other, and the other's keyframe; the object lies at ``object_w``."""
        config, setting = self._config, self._setting
        second = held(setting.grasps, chosen.second.grasp, object_w)
        count, device = len(first.fingers), setting.device
        squeeze = setting.config.squeeze_frames
        turn = rotations.multiply(object_w[1], rotations.conjugate(setting.resting.quat_w[chosen.first.rest]))
        opened = _opened(first, chosen.first.opened)
        away = _moved(opened, config.retreat * rotations.rotate(turn, chosen.first.direction_w))
        reopened = _opened(second, chosen.second.opened)
        before = _moved(reopened, config.retreat * rotations.rotate(turn, chosen.second.direction_w))
        go, swing = frames_of(config.retreat, setting.config.speed), self._swing(away, before)
        closed = Keyframe(second.wrist, second.object, second.fingers, second.fingers)

        def over(frames: int) -> Tensor:
            return smooth(shares(frames, count, device))

        pieces = [
            _press(first, squeeze, loosen=True),
            reach(closed_like(first), opened, over(config.open_frames), config.open_frames, UNSURE),
            reach(opened, away, over(go), go, FREE),
            swing,
            reach(before, reopened, over(go), go, FREE),
            reach(reopened, closed, over(config.close_frames), config.close_frames, UNSURE),
            _press(second, squeeze, loosen=False),
        ]
        return pieces, second

    def _swing(self, start: Keyframe, end: Keyframe) -> Paths:
        """The free hand goes over to the other grasp in an arch."""
        config, limits = self._config, self._setting.config.limits
        turn = smooth_frames(rotations.angle_between(start.wrist[1], end.wrist[1]), config.transit_turn, torch.inf)
        way = (start.wrist[0] - end.wrist[0]).norm(dim=-1) + 2.0 * config.arch
        go = smooth_frames(way, config.transit_speed, torch.inf)
        shape = smooth_frames((start.fingers - end.fingers).abs().amax(-1), 0.8 * limits.finger_speed, torch.inf)
        frames = torch.stack([turn, go, shape]).amax(0)
        share = smooth(shares(frames, len(frames), self._setting.device))
        path = reach(start, end, share, frames, FREE)
        rise = config.arch * 16.0 * (share * (1.0 - share)) ** 2
        up = rise[..., None] * share.new_tensor([0.0, 0.0, 1.0])
        wrist = path.wrist_pos_w + up, path.wrist_quat_w
        return piece(start, frames, FREE, wrist=wrist, fingers=path.fingers)

    def _vertical(self, start: Keyframe, way: float) -> Paths:
        """Carried up or down at the usual speed."""
        frames = frames_of(abs(way), self._setting.config.speed)
        share = smooth(shares(frames, len(start.fingers), self._setting.device))[..., None]
        pos = start.object[0][:, None] + share * share.new_tensor([0.0, 0.0, way])
        return carry(start, (pos, start.object[1][:, None].expand(*pos.shape[:2], 4)), frames)

    def _find(self) -> Changes:
        """Pairs of ways from the same resting pose between which the hand touches neither table nor object."""
        setting, config, ways = self._setting, self._config, self._approach
        first = setting.draws.integers(len(ways.grasp), config.changes)
        same = (ways.rest[first, None] == ways.rest) & (ways.grasp[first, None] != ways.grasp)  # (C, A)
        second = (same * setting.draws.uniform(*same.shape)).argmax(1)
        paired = same.any(1)
        found = Changes(ways.select(first[paired]), ways.select(second[paired]))
        rest = found.first.rest
        height = setting.resting.height[rest]
        pos = torch.stack([torch.zeros_like(height), torch.zeros_like(height), height], dim=-1)
        pose = pos, setting.resting.quat_w[rest]
        if not len(rest):
            return found
        paths = chain(self._between(found, held(setting.grasps, found.first.grasp, pose), pose)[0])
        good = torch.ones_like(rest, dtype=torch.bool)
        for first_frame in range(setting.config.check_stride):  # few are left to be looked at in the later rounds
            looked = range(first_frame, paths.contact.shape[1], setting.config.check_stride)
            broken = contact(setting, paths.select(good), frames=looked)
            good[good.clone()] = ~torch.stack(list(broken.values())).any(0)
        _LOG.info("%d of %d changes on the table are free", int(good.sum()), len(good))
        return found.select(good)


def closed_like(grip: Keyframe) -> Keyframe:
    """The same hand without any squeeze."""
    return Keyframe(grip.wrist, grip.object, grip.fingers, grip.fingers)


def _press(grip: Keyframe, frames: int, loosen: bool) -> Paths:
    """The hand lets the squeeze go, or takes it up."""
    share = shares(frames, len(grip.fingers), grip.fingers.device)[..., None]
    start, end = (grip.command, grip.fingers) if loosen else (grip.fingers, grip.command)
    command = torch.lerp(start[:, None], end[:, None], share)
    return piece(grip, frames, UNSURE if loosen else HELD, command=command)


def _opened(grip: Keyframe, fingers: Tensor) -> Keyframe:
    return Keyframe(grip.wrist, grip.object, fingers, fingers)


def _moved(hand: Keyframe, by: Tensor) -> Keyframe:
    return Keyframe((hand.wrist[0] + by, hand.wrist[1]), hand.object, hand.fingers, hand.command)


def _raise(grip: Keyframe, height: float) -> Keyframe:
    up = grip.wrist[0].new_tensor([0.0, 0.0, height])
    poses = [(pos + up, quat) for pos, quat in (grip.wrist, grip.object)]
    return Keyframe(poses[0], poses[1], grip.fingers, grip.command)
