"""A motion that tries grasps: an object is carried about as in clips, smoothly."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from hot import rotations
from hot.errors import HotError
from hot.hands import HandSpec
from hot.motions.hinges import continuous_hinges
from hot.physics import CONTROL_DT
from hot.synthesis.config import SynthesisConfig
from hot.synthesis.timeline import smooth
from hot.synthesis.transforms import Transform

_DRAWS = 200
"""Legs drawn for one that the wrist's hinges can follow, before the request counts as impossible."""
_PEAK = 1.875
"""Largest speed of a minimum-jerk motion, by its mean."""
_RAISED = 0.5
"""Height above the planner's work space [m], so that a hand below the object does not meet the table."""


@dataclass(frozen=True, eq=False)
class Carry:
    """Where a carried object is, and how the wrist is turned, in each of T frames."""

    object_pos_w: Tensor  # (T, 3) [m]
    wrist_quat_w: Tensor  # (T, 4)
    hinges: Tensor  # (T, 3) the same turns as wrist hinges without jumps [rad]

    @property
    def acceleration(self) -> float:
        """Largest of the object's [m/s^2]."""
        return float((self.object_pos_w.diff(n=2, dim=0).norm(dim=-1) / CONTROL_DT**2).max())

    @property
    def turn_speed(self) -> float:
        """Largest of the wrist and the object [rad/s]."""
        return float((rotations.angle_between(self.wrist_quat_w[:-1], self.wrist_quat_w[1:]) / CONTROL_DT).max())

    def wrist(self, in_hand: Transform) -> Tensor:
        """Wrist joints (N, T, 6) of hands that hold the object at ``in_hand``, N poses in the wrist frame."""
        pos = self.object_pos_w - rotations.rotate(self.wrist_quat_w, in_hand[0][:, None])
        return torch.cat([pos, self.hinges.expand(len(pos), -1, 3)], dim=-1)


def draw_carry(
    frames: int, hand: HandSpec, config: SynthesisConfig, turn_speed: float, generator: torch.Generator
) -> Carry:
    """Legs between random places of the work space with half a turn each, as the planner's transports.

    A leg has the mean ``speed``, or less where the wrist would turn faster than ``turn_speed`` [rad/s]; it begins and
    ends at rest (minimum jerk). Legs that the wrist's hinges cannot follow are drawn again.

    Raises:
        HotError: no leg that they can follow was drawn.
    """
    carry = _start(hand, config, generator)
    for _ in range(_DRAWS):
        longer = _extended(carry, config, turn_speed, generator)
        if _can_follow(longer.hinges, hand, config):
            carry = longer
        if len(carry.hinges) >= frames:
            return Carry(carry.object_pos_w[:frames], carry.wrist_quat_w[:frames], carry.hinges[:frames])
    raise HotError(f"no motion of {frames} frames that the wrist hinges of {hand.name} can follow; ask for less time")


def _start(hand: HandSpec, config: SynthesisConfig, generator: torch.Generator) -> Carry:
    quat = rotations.random((1,), generator)
    return Carry(_draw_place(config, generator)[None], quat, rotations.to_euler(quat))


def _extended(carry: Carry, config: SynthesisConfig, turn_speed: float, generator: torch.Generator) -> Carry:
    """One leg more."""
    start, end = carry.object_pos_w[-1], _draw_place(config, generator)
    axis = torch.randn(3, generator=generator)
    seconds = max(float((end - start).norm()) / config.speed, _PEAK * math.pi / turn_speed)
    steps = max(2, round(seconds / CONTROL_DT))
    share = smooth(torch.arange(1, steps + 1) / steps)
    turn = rotations.from_axis_angle(axis / axis.norm(), math.pi * share)
    quat = torch.cat([carry.wrist_quat_w, rotations.multiply(turn, carry.wrist_quat_w[-1].expand_as(turn))])
    pos = torch.cat([carry.object_pos_w, torch.lerp(start, end, share[:, None])])
    return Carry(pos, quat, continuous_hinges(rotations.to_euler(quat)))


def _can_follow(hinges: Tensor, hand: HandSpec, config: SynthesisConfig) -> bool:
    within = (hinges.abs() < hand.joint_upper[3:6]).all()
    return bool(within and hinges.diff(dim=0).abs().max() < config.max_hinge_speed * CONTROL_DT)


def _draw_place(config: SynthesisConfig, generator: torch.Generator) -> Tensor:
    low = torch.tensor([-config.reach, -config.reach, config.low])
    high = torch.tensor([config.reach, config.reach, config.high])
    return torch.lerp(low, high, torch.rand(3, generator=generator)) + torch.tensor([0.0, 0.0, _RAISED])
