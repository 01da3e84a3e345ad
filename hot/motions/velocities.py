"""Velocities of recorded poses by central differences, one-sided at the ends of each clip."""

from __future__ import annotations

from typing import Tuple

import torch
from torch import Tensor

from hot import rotations


def linear_velocity(values: Tensor, clip_start: Tensor, fps: float) -> Tensor:
    """Rate of change (S, ...) [1/s] of values (S, ...) within each clip; 0 in a clip of one frame.

    Exact for motion at constant acceleration, at the ends of a clip of three or more frames too: what begins in
    flight begins with the speed that it has.
    """
    before, after, seconds = _neighbours(clip_start, fps)
    rate = (values[after] - values[before]) / seconds.to(values).view(-1, *[1] * (values.dim() - 1))
    long = clip_start.diff() > 2
    first, last = clip_start[:-1][long], clip_start[1:][long] - 1
    ends = 2.0 * rate[first] - rate[first + 1], 2.0 * rate[last] - rate[last - 1]
    rate[first], rate[last] = ends
    return rate


def angular_velocity(quat_w: Tensor, clip_start: Tensor, fps: float) -> Tensor:
    """World-frame angular velocity (S, 3) [rad/s] of orientations (S, 4) within each clip.

    Frames two apart must differ by less than half a turn.
    """
    before, after, seconds = _neighbours(clip_start, fps)
    turn = rotations.multiply(quat_w[after], rotations.conjugate(quat_w[before]))
    return rotations.to_vector(turn) / seconds.to(quat_w)[:, None]


def _neighbours(clip_start: Tensor, fps: float) -> Tuple[Tensor, Tensor, Tensor]:
    """Frames before and after each frame within its clip (S,), and the time between them (S,) [s]."""
    lengths = clip_start.diff()
    frame = torch.arange(int(clip_start[-1]), device=clip_start.device)
    first = clip_start[:-1].repeat_interleave(lengths)
    last = clip_start[1:].repeat_interleave(lengths) - 1
    before, after = torch.maximum(frame - 1, first), torch.minimum(frame + 1, last)
    return before, after, (after - before).clamp_min(1) / fps
