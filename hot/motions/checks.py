"""What every set of clips must satisfy, wherever it comes from."""

from __future__ import annotations

from typing import Dict, Tuple

import torch
from torch import Tensor

from hot.errors import BadFileError
from hot.motions.clips import CLIP_FIELDS, FRAME_FIELDS, Motions
from hot.motions.skills import SKILLS

NUM_WRIST_JOINTS = 6
_UNIT_TOLERANCE = 1e-3


def check(motions: Motions, source: object) -> None:
    """Refuse clips that are malformed or hold impossible numbers; ``source`` (a path) is blamed.

    Raises:
        BadFileError: the message names the field, the clip and the frame.
    """
    try:
        _check_names(motions)
        _check_layout(motions)
        _check_clips(motions)
        _check_values(motions)
    except _BadMotionError as error:
        raise BadFileError(source, str(error)) from None


class _BadMotionError(Exception):
    """A law that the clips break."""


def _require(holds: bool, problem: str) -> None:
    if not holds:
        raise _BadMotionError(problem)


def _check_names(motions: Motions) -> None:
    for field in ("joint_names", "key_bodies", "objects", "skills"):
        names = getattr(motions, field)
        doubled = sorted({name for name in names if names.count(name) > 1})
        _require(not doubled, f"{field} names {', '.join(doubled)} twice")
    _require(len(motions.joint_names) >= NUM_WRIST_JOINTS, "joint_names lacks the six wrist joints")
    _require(len(motions.key_bodies) >= 1, "key_bodies is empty")
    unknown = sorted(set(motions.skills) - {skill.name for skill in SKILLS})
    _require(not unknown, f"skills names unknown ones: {', '.join(unknown)}")
    _require(motions.fps > 0, f"fps is {motions.fps}")


def _check_layout(motions: Motions) -> None:
    """Shapes and types of all tensors."""
    for field, (shape, dtype) in _layout(motions).items():
        tensor = getattr(motions, field)
        _require(tuple(tensor.shape) == shape, f"{field} has shape {tuple(tensor.shape)} instead of {shape}")
        _require(tensor.dtype == dtype, f"{field} is {tensor.dtype} instead of {dtype}")


def _layout(motions: Motions) -> Dict[str, Tuple[Tuple[int, ...], torch.dtype]]:
    clips, frames = max(motions.clip_start.numel() - 1, 0), (*motions.joint_pos.shape, 0)[0]
    joints, bodies = len(motions.joint_names), len(motions.key_bodies)
    tails = {"key_pos_w": (bodies, 3), "object_quat_w": (4,), "contact": ()}
    tails.update(dict.fromkeys(("joint_pos", "joint_vel", "command"), (joints,)))
    layout = {"clip_start": ((clips + 1,), torch.int64)}
    layout.update(dict.fromkeys(CLIP_FIELDS, ((clips,), torch.int64)))
    for field in FRAME_FIELDS:
        layout[field] = ((frames, *tails.get(field, (3,))), torch.int8 if field == "contact" else torch.float32)
    if motions.frame_skill is not None:
        layout["frame_skill"] = ((frames,), torch.int64)
    if motions.clip_source is not None:
        layout["clip_source"] = ((clips,), torch.int64)
    return layout


def _check_clips(motions: Motions) -> None:
    start, frames = motions.clip_start, len(motions.joint_pos)
    ends_meet = int(start[0]) == 0 and int(start[-1]) == frames
    _require(ends_meet, f"clip_start does not run from 0 to the {frames} frames there are")
    _require_everywhere(motions.lengths > 0, "clip_start: clip {clip} has no frames")
    for field, most in (("clip_object", len(motions.objects)), ("clip_skill", len(motions.skills))):
        ids = getattr(motions, field)
        _require_everywhere((ids >= 0) & (ids < most), f"{field}: clip {{clip}} has an index outside 0..{most - 1}")
    for field in ("clip_grasp", "clip_rest", "clip_source"):
        numbers = getattr(motions, field)
        if numbers is not None:
            _require_everywhere(numbers >= -1, f"{field}: clip {{clip}} is below -1")


def _check_values(motions: Motions) -> None:
    for field in FRAME_FIELDS:
        finite = getattr(motions, field).isfinite()
        _require_frames(motions, finite if finite.dim() == 1 else finite.flatten(1).all(1), field, "is not finite")
    _require_frames(motions, (motions.contact >= -1) & (motions.contact <= 1), "contact", "is not -1, 0 or 1")
    skill = motions.skill_of_frames
    _require_frames(motions, (skill >= 0) & (skill < len(motions.skills)), "frame_skill", "names no skill")
    unit = (motions.object_quat_w.norm(dim=-1) - 1).abs() < _UNIT_TOLERANCE
    _require_frames(motions, unit, "object_quat_w", "is not a unit quaternion")


def _require_everywhere(good: Tensor, problem: str) -> None:
    """All clips (M,) are good, or the first bad one is put into the problem's text."""
    if not bool(good.all()):
        raise _BadMotionError(problem.format(clip=int((~good).nonzero()[0])))


def _require_frames(motions: Motions, good: Tensor, field: str, problem: str) -> None:
    """All frames (S,) are good, or the first bad one is named."""
    if not bool(good.all()):
        row = int((~good).nonzero()[0])
        clip = int((motions.clip_start <= row).sum()) - 1
        raise _BadMotionError(f"{field} {problem} in clip {clip} at frame {row - int(motions.clip_start[clip])}")
