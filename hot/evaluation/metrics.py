"""How far a trace is from its reference, frame by frame and clip by clip: pure functions of a trace."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

from hot import rotations
from hot.objects import ObjectSpec
from hot.rollouts import Trace

NUM_POINTS = 20
"""Surface points of the object error: the first of an object's points, spread by farthest-point sampling."""
EDGE_FRAMES = 10
"""Frames at either end of a clip that the all-frames rules leave out."""
END_FRAMES = 30
"""Frames at the end of a clip that the end rule reads."""
AUC_LIMIT = 10.0
"""Distance [cm] at which the ADD curve ends."""


@dataclass(frozen=True)
class FrameErrors:
    """Errors of every frame (T, N). Rows where ``valid`` is false mean nothing."""

    valid: Tensor
    """(T, N) bool, the trace's own."""
    finite: Tensor
    """(N,) bool: every valid frame of the world holds finite numbers and a unit object quaternion."""
    point_cm: Tensor
    """Mean Euclidean distance of the surface points to their reference, E_op [cm]."""
    coordinate_cm: Tensor
    """Mean absolute difference over points and coordinates, the form upstream prints as E_op [cm]."""
    rotation_deg: Tensor
    """Geodesic angle between the object's orientations, E_or [deg]."""
    symmetric_deg: Tensor
    """The same up to the object's symmetry [deg]."""
    hand_cm: Tensor
    """Mean Euclidean distance over key bodies, E_h [cm]."""
    object_cm: Tensor
    """Distance of the object's origin to its reference [cm]."""

    def up_to_symmetry(self) -> FrameErrors:
        """The same errors with the rotation error taken up to symmetry, for the rules that read it."""
        return replace(self, rotation_deg=self.symmetric_deg)


class Verdict(NamedTuple):
    """Success of each clip, and whether the clip was long enough to be judged at all; (N,) bool both."""

    success: Tensor
    judged: Tensor


def frame_errors(trace: Trace, object_spec: ObjectSpec) -> FrameErrors:
    """All errors of a trace; ``object_spec`` gives the surface points and the symmetry."""
    quat, ref_quat = trace.object_quat_w, trace.ref_object_quat_w
    points_o = object_spec.surface_points[:NUM_POINTS].to(quat)  # (P, 3)
    turned = rotations.to_matrix(quat) - rotations.to_matrix(ref_quat)
    moved = trace.object_pos_w - trace.ref_object_pos_w
    shift = 100.0 * (points_o @ turned.transpose(-1, -2) + moved[..., None, :])  # (T, N, P, 3)
    return FrameErrors(
        valid=trace.valid,
        finite=finite_clips(trace),
        point_cm=shift.norm(dim=-1).mean(-1),
        coordinate_cm=shift.abs().mean((-1, -2)),
        rotation_deg=rotations.angle_between(quat, ref_quat) * (180.0 / math.pi),
        symmetric_deg=object_spec.symmetry.angle(quat, ref_quat) * (180.0 / math.pi),
        hand_cm=100.0 * (trace.key_pos_w - trace.ref_key_pos_w).norm(dim=-1).mean(-1),
        object_cm=100.0 * moved.norm(dim=-1),
    )


def finite_clips(trace: Trace) -> Tensor:
    """Worlds (N,) all of whose valid frames hold finite numbers and a unit object quaternion."""
    values = (trace.joint_pos, trace.key_pos_w, trace.object_pos_w, trace.object_linvel_w)
    good = (trace.object_quat_w.norm(dim=-1) - 1.0).abs() < 0.01  # false for NaN too
    for value in values:
        good = good & torch.isfinite(value).flatten(2).all(-1)
    return (good | ~trace.valid).all(0)


def frame_numbers(valid: Tensor) -> Tensor:
    """Number of each valid frame within its clip (T, N), from 0; -1 where not valid."""
    return torch.where(valid, valid.long().cumsum(0) - 1, -1)


def middle_frames(valid: Tensor) -> Tensor:
    """Valid frames (T, N) but the first and last 10 of each clip."""
    number = frame_numbers(valid)
    return (number >= EDGE_FRAMES) & (number < valid.sum(0) - EDGE_FRAMES)


def last_frames(valid: Tensor) -> Tensor:
    """The last 30 valid frames (T, N) of each clip, or all of a shorter one."""
    return valid & (frame_numbers(valid) >= valid.sum(0) - END_FRAMES)


def clip_mean(values: Tensor, errors: FrameErrors) -> Tensor:
    """Mean of (T, N) over each clip's valid frames (N,); infinite for clips that are not finite, NaN if empty."""
    mean = torch.where(errors.valid, values, 0.0).sum(0) / errors.valid.sum(0)
    return torch.where(errors.finite, mean, math.inf)


def hold_on(condition: Tensor, frames: Tensor, errors: FrameErrors) -> Verdict:
    """Success where ``condition`` (T, N) holds on all of ``frames`` (T, N); clips without any are not judged."""
    return Verdict((condition | ~frames).all(0) & errors.finite & frames.any(0), frames.any(0))


def hot_success(errors: FrameErrors) -> Verdict:
    """HOT rule: E_op < 10 cm, E_or < 90 deg and E_h < 20 cm on all frames but the first and last 10."""
    return hold_on(hot_frames(errors), middle_frames(errors.valid), errors)


def hot_frames(errors: FrameErrors) -> Tensor:
    """Frames (T, N) within the limits of the HOT rule."""
    return (errors.point_cm < 10) & (errors.rotation_deg < 90) & (errors.hand_cm < 20)


def strict_success(errors: FrameErrors) -> Verdict:
    """Strict rule: the object within 3 cm and 30 deg on all frames but the first and last 10."""
    return hold_on(strict_frames(errors), middle_frames(errors.valid), errors)


def end_success(errors: FrameErrors) -> Verdict:
    """End rule: the object within 3 cm and 30 deg on each of the last 30 frames, wherever it was before."""
    return hold_on(strict_frames(errors), last_frames(errors.valid), errors)


def strict_frames(errors: FrameErrors) -> Tensor:
    """Frames (T, N) within the limits of the strict rule."""
    return (errors.object_cm < 3) & (errors.rotation_deg < 30)


def spider_success(errors: FrameErrors) -> Verdict:
    """SPIDER rule: the clip's mean object position error < 10 cm and mean rotation error < 0.5 rad."""
    position, angle = clip_mean(errors.object_cm, errors), clip_mean(errors.rotation_deg, errors)
    return Verdict((position < 10) & (angle < math.degrees(0.5)), errors.valid.any(0))


def add_auc(errors: FrameErrors) -> Tensor:
    """Area under the share of frames whose E_op is below a threshold, over thresholds 0 to 10 cm, per clip (N,).

    In [0, 1], 1 is perfect; the integral of one frame's step is ``1 - E_op / 10``, not below 0. A clip
    that is not finite scores 0.
    """
    step = (1.0 - errors.point_cm / AUC_LIMIT).clamp(0.0, 1.0)
    return torch.where(errors.finite, clip_mean(step, errors), 0.0)
