"""Planned paths of wrist, fingers and object, and how they become motions."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Dict, Sequence, Tuple

import torch
from torch import Tensor

from hot import rotations
from hot.hands import HandSpec, Kinematics
from hot.motions import Motions
from hot.motions.hinges import continuous_hinges
from hot.physics import CONTROL_DT


@dataclass(frozen=True, eq=False)
class Paths:
    """N paths, padded to T frames."""

    wrist_pos_w: Tensor  # (N, T, 3) [m]
    wrist_quat_w: Tensor  # (N, T, 4)
    fingers: Tensor  # (N, T, J) [rad]
    command: Tensor  # (N, T, J) finger targets [rad]
    object_pos_w: Tensor  # (N, T, 3) [m]
    object_quat_w: Tensor  # (N, T, 4)
    contact: Tensor  # (N, T) int8
    length: Tensor  # (N,) frames that count
    grasp: Tensor  # (N,) number of the grasp, -1 none
    rest: Tensor  # (N,) number of the resting pose, -1 none

    def select(self, rows: Tensor) -> Paths:
        """Some of the paths, by mask or index."""
        return Paths(*(getattr(self, f.name)[rows] for f in fields(self)))


def join_paths(parts: Sequence[Paths]) -> Paths:
    """All paths of all parts; shorter parts are padded with their last frame."""
    frames = max(part.contact.shape[1] for part in parts)

    def joined(name: str) -> Tensor:
        tensors = [getattr(part, name) for part in parts]
        if tensors[0].dim() > 1:
            rows = [torch.arange(frames).clamp_max(t.shape[1] - 1) for t in tensors]
            tensors = [t[:, r] for t, r in zip(tensors, rows)]
        return torch.cat(tensors)

    return Paths(*(joined(f.name) for f in fields(Paths)))


def hinge_angles(paths: Paths) -> Tuple[Tensor, Tensor]:
    """Wrist hinges (N, T, 3) [rad] without jumps, and the fastest of each path (N,) [rad/s]."""
    angles = torch.stack([continuous_hinges(clip) for clip in rotations.to_euler(paths.wrist_quat_w)])
    steps = angles.diff(dim=1).abs().amax(-1)  # (N, T - 1)
    counts = torch.arange(1, angles.shape[1]) < paths.length[:, None]
    return angles, (steps * counts).amax(1) / CONTROL_DT


def to_motions(paths: Paths, hand: HandSpec, object_name: str, skill: str, meta: Dict[str, Any]) -> Motions:
    """Clips with key bodies from forward kinematics and velocities from differences."""
    count, frames = paths.contact.shape
    valid = torch.arange(frames) < paths.length[:, None]  # (N, T)
    hinges, _ = hinge_angles(paths)
    wrist = torch.cat([paths.wrist_pos_w, hinges], dim=-1)[valid]
    joint_pos = torch.cat([wrist, paths.fingers[valid]], dim=-1)
    kinematics = Kinematics(hand)
    key_pos = [kinematics.key_points(kinematics.forward(part)) for part in joint_pos.split(16384)]
    object_quat = rotations.make_continuous(paths.object_quat_w, dim=1)[valid]
    empty = torch.zeros(len(joint_pos), 3)
    return Motions(
        hand=hand.name,
        joint_names=hand.joint_names,
        key_bodies=hand.key_bodies,
        fps=round(1.0 / CONTROL_DT),
        objects=(object_name,),
        skills=(skill,),
        clip_start=torch.cat([torch.zeros(1, dtype=torch.int64), paths.length.cumsum(0)]),
        clip_object=torch.zeros(count, dtype=torch.int64),
        clip_skill=torch.zeros(count, dtype=torch.int64),
        clip_grasp=paths.grasp,
        clip_rest=paths.rest,
        joint_pos=joint_pos,
        joint_vel=torch.zeros_like(joint_pos),
        command=torch.cat([wrist, paths.command[valid]], dim=-1),
        key_pos_w=torch.cat(key_pos),
        object_pos_w=paths.object_pos_w[valid],
        object_quat_w=object_quat,
        object_linvel_w=empty,
        object_angvel_w=empty,
        contact=paths.contact[valid],
        meta=meta,
    ).with_velocities()
