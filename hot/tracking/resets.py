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

_HAND_THICKNESS = 0.03
"""Distance of key bodies from the object below which they may touch it [m]: a finger's radius and a margin."""
_DIAGONAL = 1.5
"""How much farther than along one axis an object moves when shifted along all."""
_NEAR_TABLE = 0.25
"""Height of a held object below which it must not be tilted or shifted downwards [m]."""
_LEVER = 0.1
"""Height by which a held object near the table is raised per radian of tilt [m]."""


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
    """Numbers a world that :func:`perturb` takes: a switch for each of seven items, and the items themselves."""
    return 7 + 2 * (hand.num_joints - 6) + 3 + 1 + 3 + 3 + 3


def perturb(now: Now, limits: Tensor, config: ResetConfig, draws: Draws) -> Start:
    """The reference state with perturbations, each switched on with probability ``config.noise``.

    They are feasible by construction. An untouched object is shifted (never downwards) and turned about the vertical,
    as far as that keeps it out of the hand; a standing one stays upright. A held object moves with the hand that
    holds it, as one body, and away from the table if that is near.

    Args:
        limits: lowest and highest joint positions (2, D), where the rest is: to fetch them would be to wait.
    """

    def noise(width: int) -> Tensor:
        on = draws.take(1) < config.noise
        return on * (2.0 * draws.take(width) - 1.0)

    held, fingers = (now.contact == 1)[:, None], now.joint_pos.shape[1] - 6
    room = ((now.gap[:, None] - _HAND_THICKNESS) / (_DIAGONAL * config.free_object_pos)).clamp(0.0, 1.0)
    room = torch.where(held, 0.0, room)  # share of the largest perturbation that keeps object and hand apart
    turn, hinges = _turns(now, config, held, room, noise(1), noise(3))
    shift = noise(3) * torch.where(held, config.held_object_pos, config.free_object_pos * room)
    near = held & (now.object_pos_w[:, 2:] < _NEAR_TABLE)
    clear = near * _LEVER * (hinges - now.joint_pos[:, 3:6]).abs().sum(1, keepdim=True)
    up = torch.where(held & ~near, shift[:, 2:], shift[:, 2:].abs()) + clear
    object_pos = now.object_pos_w + torch.cat([shift[:, :2], up], dim=1)
    carried = object_pos + rotations.rotate(turn, now.joint_pos[:, :3] - now.object_pos_w)
    finger_size = config.held_finger_pos + (config.finger_pos - config.held_finger_pos) * room
    moved = now.joint_pos[:, 6:] + finger_size * noise(fingers)
    joint_pos = torch.cat([torch.where(held, carried, now.joint_pos[:, :3]), hinges, moved], dim=1)
    return Start(
        joint_pos=joint_pos.clamp(*limits),
        joint_vel=torch.cat([now.joint_vel[:, :6], now.joint_vel[:, 6:] + config.finger_vel * noise(fingers)], dim=1),
        object_pos_w=object_pos,
        object_quat_w=rotations.multiply(turn, now.object_quat_w),
        object_linvel_w=now.object_linvel_w + config.object_linvel * noise(3),
        object_angvel_w=now.object_angvel_w + config.object_angvel * noise(3),
    )


def _turns(
    now: Now, config: ResetConfig, held: Tensor, room: Tensor, yaw: Tensor, tilt: Tensor
) -> Tuple[Tensor, Tensor]:
    """The object's turn (n, 4), about the vertical or with the hand that holds it, and the wrist hinges (n, 3)."""
    half = 0.5 * yaw * config.free_object_yaw * room
    upright = torch.cat([half.cos(), torch.zeros_like(tilt[:, :2]), half.sin()], dim=1)
    hinges = now.joint_pos[:, 3:6] + torch.where(held, config.held_object_turn, 0.0) * tilt
    with_hand = rotations.multiply(rotations.from_euler(hinges), rotations.conjugate(now.wrist_quat_w))
    return torch.where(held, with_hand, upright), hinges


def draw_factors(config: RandomizationConfig, worlds: int, generator: torch.Generator) -> Dict[str, Tensor]:
    """Factors (N,) of mass, friction and gains, uniform in their logarithm; those that do not vary are left out."""
    ranges: Dict[str, Tuple[float, float]] = config.model_dump()
    numbers = torch.rand(len(ranges), worlds, generator=generator, device=generator.device)
    return {name: low * (high / low) ** row for (name, (low, high)), row in zip(ranges.items(), numbers) if low != high}
