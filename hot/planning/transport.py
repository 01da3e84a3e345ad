"""Carrying a held object from one random pose to another."""

from __future__ import annotations

import math
from typing import Dict

import torch
from torch import Tensor

from hot import rotations
from hot.physics import CONTROL_DT
from hot.planning.checks import contact, pace
from hot.planning.keyframes import held, keyframe
from hot.planning.laws import ramped
from hot.planning.setting import Setting
from hot.planning.transitions import HELD, carry, chain, shares, wait
from hot.synthesis.paths import Paths


class Moves:
    """Straight ways at constant speed, with half a turn on the way, of grasps of the split in equal shares.

    Start and end lie anywhere in the work space; where the turn would be faster than allowed, it takes longer.
    A random hold at either end, or none, has at most ``max_tail`` frames.
    """

    def __init__(self, setting: Setting) -> None:
        self._setting = setting

    def draw(self, count: int) -> Paths:
        """Candidates."""
        setting, config, draws = self._setting, self._setting.config, self._setting.draws
        rows = draws.evenly(setting.rows, count)
        first, last, quat = setting.places(count), setting.places(count), draws.rotations(count)
        axis = draws.directions(count)
        way = (last - first).norm(dim=-1)
        seconds = torch.maximum(way / config.speed, torch.full_like(way, math.pi / config.turn_speed))
        frames = (seconds / CONTROL_DT).round().long() + config.transport_ramp
        tail = (draws.integers(max(config.max_tail, 1), count) + 1).clamp_max(config.max_tail)
        kind = draws.integers(3, count)  # no hold, before, after
        share = ramped(shares(frames, count, setting.device), config.transport_ramp / frames[:, None].float())
        start = held(setting.grasps, rows, (first, quat))
        pos = torch.lerp(first[:, None], last[:, None], share[..., None])
        turn = rotations.from_axis_angle(axis[:, None], math.pi * share)
        moved = carry(start, (pos, rotations.multiply(quat[:, None], turn)), frames)
        begin = wait(start, 1 + tail * (kind == 1), HELD)
        end = wait(keyframe(moved, -1), tail * (kind == 2), HELD)
        return chain([begin, moved, end], grasp=rows)

    def refuse(self, paths: Paths) -> Dict[str, Tensor]:
        """Masks (N,) of the paths that break each rule."""
        setting = self._setting
        return {**pace(setting, paths), **contact(setting, paths)}
