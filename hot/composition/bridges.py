"""Transitions that no script names: the hand carries or reaches to where a skill begins."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from hot import rotations
from hot.planning.keyframes import Keyframe
from hot.planning.laws import smooth_frames
from hot.planning.setting import Setting
from hot.planning.transitions import FREE, carry, chain, piece, shares
from hot.synthesis.paths import Paths
from hot.synthesis.timeline import smooth
from hot.synthesis.transforms import Transform, compose, invert

_PEAK = 2.0
"""Peak speed of a bridge, by the planner's mean speed."""
_TURN = 4.0
"""Peak angular speed of a bridge [rad/s]."""
_SHAPE = 6.0
"""Peak speed of finger joints [rad/s]."""
_ASIDE = 0.2
"""How far a detour leads aside [m]."""
_ROLL = 1.5
"""Largest turn of a detour from halfway [rad]."""
_SAME = 1e-5
"""Nearer is no way at all [m, rad]."""


def carry_to(setting: Setting, start: Keyframe, goal: Transform, detour: Tensor) -> Paths:
    """The held object goes to a pose (N, 3), (N, 4), straight or, where ``detour`` (N,) bool, by a place beside."""
    via = _beside(setting, start.object, goal)
    middle = _either(detour, via, start.object)
    inner = compose(invert(start.object), start.wrist)
    between = Keyframe(compose(middle, inner), middle, start.fingers, start.command)
    return chain([_carried(setting, start, middle), _carried(setting, between, goal)])


def reach_to(setting: Setting, start: Keyframe, goal: Keyframe, detour: Tensor) -> Paths:
    """The free hand goes to the wrist's pose and the fingers of ``goal``, straight or, where ``detour`` (N,) bool, by a
    place beside and above."""
    via = _beside(setting, start.wrist, goal.wrist)
    above = torch.maximum(start.wrist[0][:, 2], goal.wrist[0][:, 2]) + setting.draws.uniform(len(detour), high=_ASIDE)
    via = torch.cat([via[0][:, :2], above[:, None]], dim=1), via[1]
    shape = torch.lerp(start.fingers, goal.fingers, 0.5 * detour[:, None].float())
    between = Keyframe(_either(detour, via, start.wrist), start.object, shape, shape)
    return chain([_reached(setting, start, between), _reached(setting, between, goal)])


def _carried(setting: Setting, start: Keyframe, goal: Transform) -> Paths:
    frames = _frames(setting, start.object, goal)
    share = smooth(shares(frames, len(frames), setting.device))
    return carry(start, _between(start.object, goal, share), frames)


def _reached(setting: Setting, start: Keyframe, goal: Keyframe) -> Paths:
    shape = smooth_frames((start.fingers - goal.fingers).abs().amax(-1), _SHAPE, math.inf)
    still = (start.fingers - goal.fingers).abs().amax(-1) < _SAME
    frames = torch.maximum(_frames(setting, start.wrist, goal.wrist), torch.where(still, 0, shape))
    share = smooth(shares(frames, len(frames), setting.device))
    fingers = torch.lerp(start.fingers[:, None], goal.fingers[:, None], share[..., None])
    return piece(start, frames, FREE, wrist=_between(start.wrist, goal.wrist, share), fingers=fingers)


def _frames(setting: Setting, start: Transform, goal: Transform) -> Tensor:
    """Frames (N,) of the way, none where there is no way."""
    way, turn = (start[0] - goal[0]).norm(dim=-1), rotations.angle_between(start[1], goal[1])
    frames = torch.maximum(
        smooth_frames(way, _PEAK * setting.config.speed, math.inf), smooth_frames(turn, _TURN, math.inf)
    )
    return torch.where((way < _SAME) & (turn < 1e-3), 0, frames)  # an angle of 32-bit quaternions is no finer


def _between(start: Transform, goal: Transform, share: Tensor) -> Transform:
    pos = torch.lerp(start[0][:, None], goal[0][:, None], share[..., None])
    return pos, rotations.slerp(start[1][:, None], goal[1][:, None], share)


def _beside(setting: Setting, start: Transform, goal: Transform) -> Transform:
    """Poses near the middle of the way, in the work space."""
    draws, config, count = setting.draws, setting.config, len(start[0])
    pos = 0.5 * (start[0] + goal[0]) + draws.uniform(count, 3, low=-_ASIDE, high=_ASIDE)
    height = pos[:, 2:].clamp(config.low, config.high)
    half = rotations.slerp(start[1], goal[1], torch.full_like(pos[:, 0], 0.5))
    roll = rotations.from_axis_angle(draws.directions(count), draws.uniform(count, high=_ROLL))
    return torch.cat([pos[:, :2], height], dim=1), rotations.multiply(roll, half)


def _either(which: Tensor, one: Transform, other: Transform) -> Transform:
    chosen = which[:, None]
    return torch.where(chosen, one[0], other[0]), torch.where(chosen, one[1], other[1])
