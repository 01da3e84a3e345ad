"""Timing laws: how a share of the way, or a point, moves in time, and how long a way must take."""

from __future__ import annotations

import math
from typing import Tuple

import torch
from torch import Tensor

from hot.physics import CONTROL_DT

PEAK_SPEED = 15.0 / 8.0
PEAK_ACCELERATION = 10.0 / math.sqrt(3.0)
"""Of the minimum-jerk profile over a unit way in unit time (Flash and Hogan 1985)."""


def smooth_frames(way: Tensor, speed: float, acceleration: float) -> Tensor:
    """Frames (N,) int64, at least 1, in which minimum-jerk ways (N,) stay below a speed and an acceleration."""
    seconds = torch.maximum(PEAK_SPEED * way / speed, (PEAK_ACCELERATION * way / acceleration).sqrt())
    return (seconds / CONTROL_DT).ceil().long().clamp_min(1)


def ramped(share: Tensor, ramp: Tensor) -> Tensor:
    """Share of the way (...) after a share of the time, at constant speed but for ramps at both ends.

    Args:
        ramp: share of the time that each ramp takes, in (0, 0.5]. The top speed is 1 / (1 - ramp).
    """
    share = share.clamp(0.0, 1.0)
    near = torch.minimum(share, 1.0 - share)
    way = torch.where(near < ramp, 0.5 * near * near / ramp, near - 0.5 * ramp) / (1.0 - ramp)
    return torch.where(share <= 0.5, way, 1.0 - way)


Motion = Tuple[Tensor, Tensor, Tensor]
"""Position (N, 3) [m], velocity [m/s] and acceleration [m/s^2] at one instant."""


def quintic(start: Motion, end: Motion, seconds: Tensor, time: Tensor) -> Tensor:
    """Points (N, T, 3) of the polynomial of least degree from one state of motion to another.

    Args:
        seconds: duration (N,).
        time: (T,) or (N, T) since the start [s]; held at both ends.
    """
    total = seconds[:, None, None]
    share = (time / seconds[:, None]).clamp(0.0, 1.0)[..., None]  # (N, T, 1)
    p0, v0, a0 = start[0][:, None], start[1][:, None] * total, start[2][:, None] * total**2
    p1, v1, a1 = end[0][:, None], end[1][:, None] * total, end[2][:, None] * total**2
    gap = p1 - p0
    c3 = 10 * gap - 6 * v0 - 4 * v1 - 1.5 * a0 + 0.5 * a1
    c4 = -15 * gap + 8 * v0 + 7 * v1 + 1.5 * a0 - a1
    c5 = 6 * gap - 3 * v0 - 3 * v1 - 0.5 * a0 + 0.5 * a1
    return p0 + share * (v0 + share * (0.5 * a0 + share * (c3 + share * (c4 + share * c5))))


def ballistic(state: Motion, time: Tensor) -> Tensor:
    """Points (N, T, 3) at constant acceleration, before (negative time) and after a state of motion.

    Args:
        time: (T,) or (N, T) [s].
    """
    pos, velocity, acceleration = (each[:, None] for each in state)
    time = time.expand(len(pos), -1)[..., None]
    return pos + velocity * time + 0.5 * acceleration * time * time


def motion_at(state: Motion, time: float) -> Motion:
    """The state of motion at constant acceleration some time [s] later."""
    pos, velocity, acceleration = state
    return pos + velocity * time + 0.5 * acceleration * time * time, velocity + acceleration * time, acceleration


def gravity(like: Tensor) -> Tensor:
    """(N, 3) [m/s^2], for points (N, 3)."""
    return like.new_tensor([0.0, 0.0, -9.81]).expand(len(like), 3)
