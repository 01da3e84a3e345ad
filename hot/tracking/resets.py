"""How far from the reference an episode starts, and how its world differs from the facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Tuple

import torch
from torch import Tensor

from hot import rotations
from hot.hands import HandSpec
from hot.tracking.config import RandomizationConfig, ResetConfig
from hot.tracking.reference import Now


@dataclass(frozen=True)
class Start:
    """The state that some worlds start from."""

    joint_pos: Tensor  # (n, D)
    joint_vel: Tensor  # (n, D)
    object_pos_w: Tensor  # (n, 3)
    object_quat_w: Tensor  # (n, 4)
    object_linvel_w: Tensor  # (n, 3)
    object_angvel_w: Tensor  # (n, 3)


class Draws:
    """Uniform numbers in [0, 1) (n, R), handed out from left to right."""

    def __init__(self, numbers: Tensor) -> None:
        self._numbers, self._next = numbers, 0

    def take(self, width: int) -> Tensor:
        """The next ``width`` columns (n, width)."""
        begin, self._next = self._next, self._next + width
        return self._numbers[:, begin : self._next]


def draws_needed(hand: HandSpec) -> int:
    """Numbers a world that :func:`perturb` takes: a switch for each of six items, and the items themselves."""
    return 6 + 2 * (hand.num_joints - 6) + 3 + 1 + 3 + 3


def perturb(now: Now, hand: HandSpec, config: ResetConfig, draws: Draws) -> Start:
    """The reference state with feasible perturbations, each switched on with probability ``config.noise``.

    Untouched objects are shifted (never downwards) and turned about the vertical only; held ones less.
    """
    device = now.joint_pos.device

    def noise(width: int) -> Tensor:
        on = draws.take(1) < config.noise
        return on * (2.0 * draws.take(width) - 1.0)

    fingers = hand.num_joints - 6
    free = (now.contact == 0)[:, None]
    shift = noise(3) * torch.where(free, config.free_object_pos, config.held_object_pos)
    yaw = noise(1) * torch.where(free, config.free_object_yaw, config.held_object_yaw)
    lift = torch.where(free, shift[:, 2:].abs(), shift[:, 2:])
    half = 0.5 * yaw
    turn = torch.cat([half.cos(), torch.zeros_like(shift[:, :2]), half.sin()], dim=1)
    joint_pos = torch.cat([now.joint_pos[:, :6], now.joint_pos[:, 6:] + config.finger_pos * noise(fingers)], dim=1)
    lower, upper = hand.joint_lower.to(device), hand.joint_upper.to(device)
    return Start(
        joint_pos=torch.minimum(torch.maximum(joint_pos, lower), upper),
        joint_vel=torch.cat([now.joint_vel[:, :6], now.joint_vel[:, 6:] + config.finger_vel * noise(fingers)], dim=1),
        object_pos_w=now.object_pos_w + torch.cat([shift[:, :2], lift], dim=1),
        object_quat_w=rotations.multiply(turn, now.object_quat_w),
        object_linvel_w=now.object_linvel_w + config.object_linvel * noise(3),
        object_angvel_w=now.object_angvel_w + config.object_angvel * noise(3),
    )


def draw_factors(config: RandomizationConfig, worlds: int, generator: torch.Generator) -> Dict[str, Tensor]:
    """Factors (N,) of mass, friction and gains, uniform in their logarithm; those that do not vary are left out."""
    ranges: Dict[str, Tuple[float, float]] = config.model_dump()
    numbers = torch.rand(len(ranges), worlds, generator=generator, device=generator.device)
    return {name: low * (high / low) ** row for (name, (low, high)), row in zip(ranges.items(), numbers) if low != high}
