"""Pieces of clips put end to end as motions."""

from __future__ import annotations

from typing import Any, Dict, Optional, Sequence

import torch
from torch import Tensor

from hot import rotations
from hot.composition.composer import Piece
from hot.hands import HandSpec, Kinematics
from hot.motions import Motions
from hot.physics import CONTROL_DT
from hot.planning.generate import SKILLS
from hot.planning.shapes import key_points

_FIELDS = ("wrist_pos_w", "wrist_quat_w", "fingers", "command", "object_pos_w", "object_quat_w", "contact")


def assemble(
    pieces: Sequence[Piece], lengths: Sequence[Optional[int]], parent: Tensor, hand: HandSpec, object_name: str,
    meta: Dict[str, Any],
) -> Motions:  # fmt: skip
    """Clips from their pieces.

    Args:
        lengths: of the clips, in frames: longer ones are cut, shorter ones held at their last frame; None: as they are.
        parent: grasp of the library (G,) that each grasp comes from.
    """
    flat = [_flat(piece) for piece in pieces]
    clip = torch.cat([each["clip"] for each in flat])
    order = clip.argsort(stable=True)  # pieces of each clip are in order already
    rows = _cut_or_held(clip[order].bincount(minlength=len(lengths)), lengths)
    frames = {name: torch.cat([each[name] for each in flat])[order][rows] for name in flat[0]}
    counts = frames["clip"].bincount(minlength=len(lengths))
    start = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
    wrist = torch.cat([frames["wrist_pos_w"], frames["hinges"]], dim=-1)
    joint_pos = torch.cat([wrist, frames["fingers"]], dim=-1)
    empty = torch.zeros(len(joint_pos), 3, device=joint_pos.device)
    used = frames["skill"].unique().tolist()
    skill = torch.searchsorted(frames["skill"].new_tensor(used), frames["skill"])
    kinematics = Kinematics(hand, joint_pos.device)
    keys = key_points(kinematics, frames["wrist_pos_w"], frames["wrist_quat_w"], frames["fingers"])
    grasp = torch.where(frames["grasp"] >= 0, parent[frames["grasp"].clamp_min(0)], -1)
    grasps = {int(number) for number in grasp.unique().tolist()} - {-1}
    return Motions(
        hand=hand.name,
        joint_names=hand.joint_names,
        key_bodies=hand.key_bodies,
        fps=round(1.0 / CONTROL_DT),
        objects=(object_name,),
        skills=tuple(SKILLS[number] for number in used),
        clip_start=start,
        clip_object=torch.zeros_like(counts),
        clip_skill=skill[start[:-1]],
        clip_grasp=_first_known(grasp, frames["clip"], len(lengths)),
        clip_rest=_first_known(frames["rest"], frames["clip"], len(lengths)),
        joint_pos=joint_pos,
        joint_vel=torch.zeros_like(joint_pos),
        command=torch.cat([wrist, frames["command"]], dim=-1),
        key_pos_w=keys,
        object_pos_w=frames["object_pos_w"],
        object_quat_w=_continuous(frames["object_quat_w"], start),
        object_linvel_w=empty,
        object_angvel_w=empty,
        contact=frames["contact"],
        meta={**meta, "grasps": sorted(grasps)},
        frame_skill=skill,
    ).with_velocities()


def _flat(piece: Piece) -> Dict[str, Tensor]:
    """Frames that count, clip by clip."""
    paths = piece.paths
    counts = torch.arange(paths.contact.shape[1], device=paths.length.device) < paths.length[:, None]
    frames = {name: getattr(paths, name)[counts] for name in _FIELDS}
    for name, values in (("clip", piece.clips), ("grasp", paths.grasp), ("rest", paths.rest)):
        frames[name] = values[:, None].expand_as(counts)[counts]
    return {**frames, "hinges": piece.hinges[counts], "skill": piece.skill[counts]}


def _cut_or_held(counts: Tensor, lengths: Sequence[Optional[int]]) -> Tensor:
    """Rows of frames in order, of which clips have ``counts`` (M,) and shall have ``lengths``."""
    first = counts.cumsum(0) - counts
    rows = [
        begin + torch.arange(length or count).clamp_max(count - 1)
        for begin, count, length in zip(first.tolist(), counts.tolist(), lengths)
    ]
    return torch.cat(rows).to(counts.device)


def _first_known(values: Tensor, clip: Tensor, clips: int) -> Tensor:
    """The first number of each clip (M,) among its frames' (S,) that is not -1; -1 where all are."""
    known = (values >= 0).nonzero()[:, 0]
    found = torch.full((clips,), len(values), dtype=torch.int64, device=values.device)
    found = found.scatter_reduce(0, clip[known], known, "amin")
    return torch.where(found < len(values), values[found.clamp_max(len(values) - 1)], -1)


def _continuous(quat: Tensor, start: Tensor) -> Tensor:
    """The same orientations (S, 4), neighbours within a clip never antipodal."""
    result = rotations.make_continuous(quat, dim=0)
    sign = torch.sign((result[start[:-1]] * quat[start[:-1]]).sum(-1, keepdim=True))
    return result * sign.repeat_interleave(start.diff(), dim=0)
