"""The motions to be tracked, packed so that one gather a step fetches all that a world needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

import torch
from torch import Tensor

from hot import rotations
from hot.motions import Motions, skill_by_name
from hot.tracking.following import follow_weights

COMPOSED = -1
"""Label of clips of several skills: the object counts in all of their frames, those of a free move too."""
_CHUNK = 4096
_FREE_FALL = 1.0
"""Farthest that an acceleration may be from gravity's in free flight [m/s^2]."""


@dataclass(frozen=True)
class Now:
    """The reference at one instant, for each world."""

    joint_pos: Tensor  # (N, D)
    joint_vel: Tensor  # (N, D)
    command: Tensor  # (N, D) drive targets that hold the grasp; joint_pos where nothing is held
    key_pos_w: Tensor  # (N, K, 3)
    wrist_quat_w: Tensor  # (N, 4)
    object_pos_w: Tensor  # (N, 3)
    object_quat_w: Tensor  # (N, 4)
    object_linvel_w: Tensor  # (N, 3)
    object_angvel_w: Tensor  # (N, 3)
    contact: Tensor  # (N,) -1 don't care, 0, 1
    gap: Tensor  # (N,) smallest distance between a key body and an object point [m]


@dataclass(frozen=True)
class Ahead:
    """The reference at H later instants, for each world."""

    wrist_pos_w: Tensor  # (N, H, 3)
    wrist_quat_w: Tensor  # (N, H, 4)
    object_pos_w: Tensor  # (N, H, 3)
    object_quat_w: Tensor  # (N, H, 4)
    contact: Tensor  # (N, H, 1)
    follow: Tensor  # (N, H, 1) how far the wrist's reference goes along with the object


class Reference:
    """Clips on a device. Frames beyond a clip's end hold its last frame.

    Args:
        motions: the clips of one hand.
        points_o: surface points (O, P, 3) of each of ``motions.objects``, object frame [m].
        physics_dt: the engine's time step [s]. Engines compute a place from the velocity at the step's end, which is
            a flight whose velocity is that of half a step before; objects in flight are given that velocity, so that
            what starts in flight stays on its parabola (else it is 1 cm off after half a second).
    """

    def __init__(self, motions: Motions, points_o: Tensor, device: torch.device, physics_dt: float = 0.0) -> None:
        motions = motions.to(device)
        self.num_clips = motions.num_clips
        self.start, self.lengths = motions.clip_start[:-1], motions.lengths
        self.clip_object = motions.clip_object
        self._skills = motions.skill_of_frames
        labels = torch.tensor([skill_by_name(name).label for name in motions.skills], device=device)
        self.clip_label = labels[motions.clip_skill].masked_fill(motions.composed, COMPOSED)
        self._joints, self._keys = motions.joint_pos.shape[1], motions.key_pos_w.shape[1]
        quat = rotations.from_euler(motions.joint_pos[:, 3:6])
        contact = motions.contact[:, None].float()
        pose = [motions.joint_pos[:, :3], quat, motions.object_pos_w, motions.object_quat_w, contact]
        self._poses = torch.cat([*pose, follow_weights(motions)[:, None]], dim=1)  # (S, 16)
        self._fingers = motions.joint_pos[:, 6:].contiguous()
        gap = _gaps(motions, points_o.to(device))[:, None]
        self._details = torch.cat(
            [
                motions.joint_pos,
                motions.joint_vel,
                motions.command,
                motions.key_pos_w.flatten(1),
                motions.object_linvel_w - 0.5 * physics_dt * fall(motions),
                motions.object_angvel_w,
                gap,
            ],
            dim=1,
        )

    def _rows(self, clip_ids: Tensor, frames: Tensor) -> Tensor:
        last = self.lengths[clip_ids] - 1
        start = self.start[clip_ids]
        if frames.dim() > 1:
            last, start = last[:, None], start[:, None]
        return start + torch.minimum(frames, last).clamp_min(0)

    def now(self, clip_ids: Tensor, frames: Tensor) -> Now:
        """Everything at one frame (N,) of each world's clip (N,)."""
        rows, d = self._rows(clip_ids, frames), self._joints
        pose, detail = self._poses.index_select(0, rows), self._details.index_select(0, rows)
        pos, vel, command, keys, linvel, angvel, gap = detail.split([d, d, d, 3 * self._keys, 3, 3, 1], dim=1)
        _, quat, object_pos, object_quat, contact, _ = pose.split([3, 4, 3, 4, 1, 1], dim=1)
        return Now(
            joint_pos=pos,
            joint_vel=vel,
            command=command,
            key_pos_w=keys.unflatten(1, (self._keys, 3)),
            wrist_quat_w=quat,
            object_pos_w=object_pos,
            object_quat_w=object_quat,
            object_linvel_w=linvel,
            object_angvel_w=angvel,
            contact=contact[:, 0],
            gap=gap[:, 0],
        )

    def ahead(self, clip_ids: Tensor, frames: Tensor, offsets: Sequence[int]) -> Ahead:
        """Wrist, object, contact and following at ``frames + offsets``."""
        pose = self._gather(self._poses, clip_ids, frames, offsets)
        return Ahead(*pose.split([3, 4, 3, 4, 1, 1], dim=-1))

    def drive(self, clip_ids: Tensor, frames: Tensor) -> Tensor:
        """Joint positions, velocities and commands (N, 3D) at one frame: what an action is relative to."""
        return self._details.index_select(0, self._rows(clip_ids, frames))[:, : 3 * self._joints]

    def skill(self, clip_ids: Tensor, frames: Tensor) -> Tensor:
        """The skill (N,) that one frame (N,) of each world's clip belongs to, an index into the motions' skills."""
        return self._skills.index_select(0, self._rows(clip_ids, frames))

    def fingers(self, clip_ids: Tensor, frames: Tensor, offsets: Sequence[int]) -> Tensor:
        """Finger positions (N, H, D - 6) at ``frames + offsets``."""
        return self._gather(self._fingers, clip_ids, frames, offsets)

    def _gather(self, table: Tensor, clip_ids: Tensor, frames: Tensor, offsets: Sequence[int]) -> Tensor:
        rows = self._rows(clip_ids, torch.stack([frames + offset for offset in offsets], dim=1))
        # index_select copies whole rows; indexing by a matrix is slower on a CPU.
        return table.index_select(0, rows.flatten()).unflatten(0, rows.shape)


def fall(motions: Motions) -> Tensor:
    """Gravity (S, 3) [m/s^2] in the frames of clips in which the object flies freely, else nothing."""
    gravity = motions.object_pos_w.new_tensor([0.0, 0.0, -9.81])
    start, end = motions.clip_start[:-1].repeat_interleave(motions.lengths), motions.clip_start[1:] - 1
    row = torch.arange(len(start), device=start.device)
    last = torch.maximum(end.repeat_interleave(motions.lengths) - 1, start)
    middle = torch.minimum(torch.maximum(row, start + 1), last)  # ends take their neighbour's acceleration
    near = [(middle + offset).clamp(0, len(row) - 1) for offset in (-1, 1)]
    pos = motions.object_pos_w
    bend = (pos[near[0]] + pos[near[1]] - 2.0 * pos[middle]) * motions.fps**2
    flies = ((bend - gravity).norm(dim=-1) < _FREE_FALL) & (motions.contact != 1)
    return flies[:, None] * gravity


def _gaps(motions: Motions, points_o: Tensor) -> Tensor:
    """Smallest key-body to object-point distance (S,) of every frame, in pieces that fit a cache."""
    frame_object = torch.repeat_interleave(motions.clip_object, motions.lengths)
    gaps = []
    for rows in torch.arange(len(frame_object), device=frame_object.device).split(_CHUNK):
        keys_o = rotations.rotate_inverse(
            motions.object_quat_w[rows, None], motions.key_pos_w[rows] - motions.object_pos_w[rows, None]
        )
        gaps.append(torch.cdist(keys_o, points_o[frame_object[rows]]).flatten(1).min(dim=1).values)
    return torch.cat(gaps)
