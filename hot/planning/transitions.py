"""Transitions between keyframes, each a piece of a path, and pieces chained to whole paths.

A piece leaves out the keyframe that it starts from and ends with the one that it leads to, so that pieces follow each
other without a doubled frame; :func:`wait` of one frame makes a keyframe the first frame of a path.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Optional, Sequence, Union

import torch
from torch import Tensor

from hot import rotations
from hot.planning.keyframes import Keyframe
from hot.synthesis.paths import Paths
from hot.synthesis.transforms import Transform, compose, invert

FREE, UNSURE, HELD = 0, -1, 1
"""Contact labels: the hand is off the object, either is fine, the hand touches it."""


def shares(frames: Union[int, Tensor], count: int, device: torch.device) -> Tensor:
    """Share of the time (N, T) at each frame of pieces of ``frames`` (N,) frames: 1 at their last and after it."""
    lengths = torch.as_tensor(frames, device=device).expand(count)
    frame = torch.arange(1, int(lengths.max()) + 1, device=device)
    return (frame / lengths[:, None].clamp_min(1).float()).clamp_max(1.0)


def piece(
    start: Keyframe,
    frames: Union[int, Tensor],
    label: Union[int, Tensor],
    wrist: Optional[Transform] = None,
    object_w: Optional[Transform] = None,
    fingers: Optional[Tensor] = None,
    command: Optional[Tensor] = None,
) -> Paths:
    """A path of ``frames`` (N,) frames that leaves ``start``; what is not given (N, T, ...) stays as it is there.

    Args:
        label: one contact label, or those of the frames (T,).
        command: the fingers, if they are given and the command is not.
    """
    device, count = start.fingers.device, len(start.fingers)
    length = torch.as_tensor(frames, device=device).expand(count)
    total = int(length.max()) if count else 0

    def still(value: Tensor) -> Tensor:
        return value[:, None].expand(count, total, value.shape[-1])

    if command is None:
        command = still(start.command) if fingers is None else fingers
    wrist_pos, wrist_quat = wrist or (still(start.wrist[0]), still(start.wrist[1]))
    object_pos, object_quat = object_w or (still(start.object[0]), still(start.object[1]))
    return Paths(
        wrist_pos_w=wrist_pos,
        wrist_quat_w=wrist_quat,
        fingers=still(start.fingers) if fingers is None else fingers,
        command=command,
        object_pos_w=object_pos,
        object_quat_w=object_quat,
        contact=torch.as_tensor(label, dtype=torch.int8, device=device).expand(count, total),
        length=length,
        grasp=torch.full((count,), -1, device=device),
        rest=torch.full((count,), -1, device=device),
    )


def wait(start: Keyframe, frames: Union[int, Tensor], label: int) -> Paths:
    """Nothing moves."""
    return piece(start, frames, label)


def carry(start: Keyframe, object_w: Transform, frames: Union[int, Tensor]) -> Paths:
    """The held object goes along poses (N, T, 3), (N, T, 4), and the hand with it as one body."""
    inner = compose(invert(start.object), start.wrist)
    wrist = compose(object_w, (inner[0][:, None], inner[1][:, None]))
    return piece(start, frames, HELD, wrist=wrist, object_w=object_w)


def reach(
    start: Keyframe, end: Keyframe, share: Tensor, frames: Union[int, Tensor], label: Union[int, Tensor]
) -> Paths:
    """The free hand goes to the pose of another keyframe, as far as ``share`` (N, T) says; the object stays."""
    pos = torch.lerp(start.wrist[0][:, None], end.wrist[0][:, None], share[..., None])
    quat = rotations.slerp(start.wrist[1][:, None], end.wrist[1][:, None], share)
    fingers = torch.lerp(start.fingers[:, None], end.fingers[:, None], share[..., None])
    return piece(start, frames, label, wrist=(pos, quat), fingers=fingers)


def chain(parts: Sequence[Paths], grasp: Optional[Tensor] = None, rest: Optional[Tensor] = None) -> Paths:
    """Pieces of the same N paths one after another, each at its own length; numbers of grasps and resting poses (N,).

    Paths that are shorter than the longest are padded with their last frame.
    """
    lengths = torch.stack([part.length for part in parts], dim=1)  # (N, K)
    widths = [part.contact.shape[1] for part in parts]
    ends = lengths.cumsum(1)
    total = int(ends[:, -1].max())
    frame = torch.arange(total, device=lengths.device).expand(len(lengths), total)
    frame = torch.minimum(frame, ends[:, -1:] - 1)
    which = torch.searchsorted(ends, frame.contiguous(), right=True)
    first = torch.tensor([sum(widths[:k]) for k in range(len(widths))], device=lengths.device)
    column = frame - (ends - lengths).gather(1, which) + first[which]
    ragged = bool((lengths != torch.tensor(widths, device=lengths.device)).any())

    def joined(name: str) -> Tensor:
        whole = torch.cat([getattr(part, name) for part in parts], dim=1)
        if not ragged:
            return whole
        rows = torch.arange(len(lengths), device=lengths.device)[:, None] * sum(widths) + column
        return whole.flatten(0, 1)[rows]

    names = [f.name for f in fields(Paths) if f.name not in ("length", "grasp", "rest")]
    return replace(
        parts[0],
        **{name: joined(name) for name in names},
        length=ends[:, -1],
        grasp=parts[0].grasp if grasp is None else grasp,
        rest=parts[0].rest if rest is None else rest,
    )


def join(parts: Sequence[Paths], count: int) -> Paths:
    """The first ``count`` paths of all parts; shorter ones are padded with their last frame."""
    frames, used = max(part.contact.shape[1] for part in parts), []
    for part in parts:
        left = count - sum(len(before.length) for before in used)
        used.append(part if len(part.length) <= left else part.select(slice(left)))

    def whole(tensor: Tensor) -> Tensor:
        if tensor.dim() == 1 or tensor.shape[1] == frames:
            return tensor
        return tensor[:, torch.arange(frames, device=tensor.device).clamp_max(tensor.shape[1] - 1)]

    return Paths(*(torch.cat([whole(getattr(part, f.name)) for part in used]) for f in fields(Paths)))
