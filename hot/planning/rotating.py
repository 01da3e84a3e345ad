"""Turning an object in the hand: the fingers stay where they touch it and carry it round."""

from __future__ import annotations

import logging
from typing import Dict

import torch
from torch import Tensor

from hot import rotations
from hot.errors import HotError
from hot.physics import CONTROL_DT
from hot.planning.checks import contact, pace
from hot.planning.fingers import find_touches
from hot.planning.inhand import Edges, Wanted, opposed, solve
from hot.planning.inhand_paths import first_of, in_hand, place_hands
from hot.planning.keyframes import keyframe
from hot.planning.laws import PEAK_SPEED
from hot.planning.setting import Setting
from hot.planning.tabletop import pick_evenly
from hot.planning.transitions import HELD, chain, shares, wait
from hot.synthesis.paths import Paths
from hot.synthesis.timeline import smooth
from hot.synthesis.transforms import invert

_LOG = logging.getLogger(__name__)


class Rotations:
    """Turns through grasps of the split in equal shares: from a twist to one side over the library's grasp to a twist
    to the other, about any axis through the middle of the contacts."""

    def __init__(self, setting: Setting) -> None:
        self._setting, self._config = setting, setting.config.rotate
        self.edges = self._find()
        """Each grasp's turns, through the library's own hold of the object."""
        self._turn = _turns(self.edges)
        _LOG.info("%d turns of %d grasps", len(self._turn), len(self.edges.start.unique()))
        if not len(self._turn):
            raise HotError(f"no grasp of {setting.object_spec.name} by {setting.hand.name} can be turned in the hand")

    def draw(self, count: int) -> Paths:
        """Candidates."""
        setting, config = self._setting, self._config
        rows = pick_evenly(torch.zeros_like(self.edges.start), self.edges.start, count, setting.draws)
        edges, back = self.edges.select(rows), setting.draws.uniform(count) < 0.5
        seconds = PEAK_SPEED * self._turn[rows] / config.speed
        frames = (seconds / CONTROL_DT).ceil().long().clamp_max(config.frames - config.still_frames)
        share = smooth(shares(frames, count, setting.device))
        start = edges.at(back.float()[:, None])
        moved = edges.at(torch.where(back[:, None], 1.0 - share, share))
        wrist = place_hands(setting, (start.object_pos_h[:, 0], start.object_quat_h[:, 0]), config.palm_up)
        first = first_of(start, wrist)
        turned = in_hand(first, moved, frames)
        rest = config.frames - config.still_frames - frames
        parts = [wait(first, config.still_frames, HELD), turned, wait(keyframe(turned, -1), rest, HELD)]
        return chain(parts, grasp=edges.start)

    def refuse(self, paths: Paths) -> Dict[str, Tensor]:
        """Masks (N,) of the paths that break each rule; what happens in the hand was checked when it was found."""
        return {**pace(self._setting, paths), **contact(self._setting, paths)}

    def _find(self) -> Edges:
        """Each grasp's twists to both sides about some axes, as far as fingers and object allow."""
        setting, config = self._setting, self._config
        wanted = self._wanted(setting.rows.repeat_interleave(config.axes))
        share = torch.linspace(0.0, 1.0, config.waypoints, device=setting.device)
        edges, good = solve(setting, config, wanted, share, torch.zeros_like(share))
        edges = _widest(edges, good)
        turn = _turns(edges)
        best = _rank(edges.start, turn) < config.kept
        return edges.select(best & (turn >= config.least))

    def _wanted(self, rows: Tensor) -> Wanted:
        """Twists of grasps (E,), each about an axis of its own through the middle of its contacts."""
        setting, config, grasps = self._setting, self._config, self._setting.grasps
        wrist_o, fingers = (grasps.wrist_pos_o[rows], grasps.wrist_quat_o[rows]), grasps.fingers[rows]
        touches = find_touches(setting, wrist_o, fingers)
        held = opposed(touches, touches.touching, config.opposed)
        rows, fingers, touches = rows[held], fingers[held], touches.select(held)
        pos, quat = invert((wrist_o[0][held], wrist_o[1][held]))
        keep = touches.touching
        middle = (touches.point_o * keep[..., None]).sum(1) / keep.sum(1, keepdim=True)
        centre = (rotations.rotate(quat, middle) + pos)[:, None]
        angle = torch.linspace(-config.reach, config.reach, config.waypoints, device=setting.device)
        axis = setting.draws.directions(len(rows))
        twist = rotations.from_axis_angle(axis[:, None], angle.expand(len(rows), -1))  # (E, K, 4)
        object_h = centre + rotations.rotate(twist, pos[:, None] - centre), rotations.multiply(twist, quat[:, None])
        squeeze = grasps.command[rows] - fingers
        return Wanted(rows, rows, object_h, touches, touches, (fingers, fingers), (squeeze, squeeze), keep)


def _turns(edges: Edges) -> Tensor:
    """Angle (E,) [rad] between the ends."""
    return rotations.angle_between(edges.object_quat_h[:, 0], edges.object_quat_h[:, -1])


def _widest(edges: Edges, good: Tensor) -> Edges:
    """The part of each edge around its middle in which all waypoints (E, K) are good."""
    last = good.shape[1] - 1
    middle = last // 2
    after = good[:, middle:].long().cumprod(1).sum(1) - 1
    before = good[:, : middle + 1].flip(1).long().cumprod(1).sum(1) - 1
    low, high = (middle - before.clamp_min(0)) / last, (middle + after.clamp_min(0)) / last
    share = torch.linspace(0.0, 1.0, last + 1, device=good.device)
    return edges.at(torch.lerp(low[:, None], high[:, None], share))


def _rank(group: Tensor, score: Tensor) -> Tensor:
    """Place (E,) of each score within its group (E,), the highest first."""
    ahead = (group[:, None] == group) & (score > score[:, None])
    return ahead.sum(1)
