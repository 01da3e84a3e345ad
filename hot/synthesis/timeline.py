"""When things happen in a grasp or a place: shares between 0 and 1, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from hot.physics import CONTROL_DT
from hot.synthesis.config import SynthesisConfig


@dataclass(frozen=True, eq=False)
class Timeline:
    """T frames of one skill that begins or ends with a free hand."""

    away: Tensor  # (T,) 1 at the far end of the approach, 0 at the grasp
    lifted: Tensor  # (T,) 0 on the table, 1 at the top
    closed: Tensor  # (T,) 0 opened fingers, 1 the grasp's
    squeeze: Tensor  # (T,) 0 command = fingers, 1 command = the grasp's command
    contact: Tensor  # (T,) int8: 0 free, -1 closing or opening, 1 held

    def part(self, rows: slice, device: torch.device) -> Timeline:
        """Some of the frames, on a device."""
        return Timeline(*(getattr(self, f.name)[rows].to(device) for f in fields(self)))


def smooth(share: Tensor) -> Tensor:
    """Minimum-jerk profile of a share of time, clamped to [0, 1] (Flash and Hogan 1985)."""
    t = share.clamp(0.0, 1.0)
    return t**3 * (10.0 - 15.0 * t + 6.0 * t * t)


def frames_of(distance: float, speed: float) -> int:
    """Frames that a way of ``distance`` [m] takes at a mean ``speed`` [m/s]."""
    return max(1, round(distance / speed / CONTROL_DT))


def _ramp(length: int, start: int, end: int) -> Tensor:
    """0 up to frame ``start``, 1 from frame ``end`` on, linear between (length,)."""
    return ((torch.arange(length) - start) / float(end - start)).clamp(0.0, 1.0)


def grasp_timeline(config: SynthesisConfig) -> Timeline:
    """Approach, close on the last of the way, squeeze, lift, hold."""
    approach, lift = frames_of(config.approach, config.speed), frames_of(config.lift, config.speed)
    start, arrival = config.hold_start, max(config.close_end, approach)
    total = start + lift + config.final_hold
    frame = torch.arange(total)
    return Timeline(
        away=1.0 - smooth(_ramp(total, arrival - approach, arrival)),
        lifted=smooth(_ramp(total, start, start + lift)),
        closed=smooth(_ramp(total, config.close_start, config.close_end)),
        squeeze=_ramp(total, start - config.squeeze_frames, start),
        contact=_labels(frame < config.close_start, frame < config.close_end),
    )


def place_timeline(config: SynthesisConfig) -> Timeline:
    """Hold, lower, hold, then open while retreating."""
    approach, lift = frames_of(config.approach, config.speed), frames_of(config.lift, config.speed)
    landed = config.final_hold + lift
    release = landed + config.place_hold
    total = release + approach
    frame = torch.arange(total)
    opened = release + config.open_frames
    return Timeline(
        away=smooth(_ramp(total, release, total - 1)),
        lifted=1.0 - smooth(_ramp(total, config.final_hold, landed)),
        closed=1.0 - smooth(_ramp(total, release, opened)),
        squeeze=1.0 - _ramp(total, release - config.squeeze_frames, release),
        contact=_labels(frame >= opened, frame >= release - config.squeeze_frames),
    )


def _labels(free: Tensor, unsure: Tensor) -> Tensor:
    """0 where free, else -1 where unsure, else 1."""
    return torch.where(free, 0, torch.where(unsure, -1, 1)).to(torch.int8)
