"""How planned paths become clips."""

from __future__ import annotations

from typing import Any, Dict

import torch

from hot import rotations
from hot.hands import HandSpec, Kinematics
from hot.motions import Motions
from hot.physics import CONTROL_DT
from hot.planning.shapes import key_points
from hot.synthesis.paths import Paths, hinge_angles


def to_motions(paths: Paths, hand: HandSpec, object_name: str, skill: str, meta: Dict[str, Any]) -> Motions:
    """Clips with key bodies from forward kinematics and velocities from differences, on the paths' device."""
    device = paths.length.device
    valid = torch.arange(paths.contact.shape[1], device=device) < paths.length[:, None]  # (N, T)
    hinges, _ = hinge_angles(paths)
    wrist_pos, fingers = paths.wrist_pos_w[valid], paths.fingers[valid]
    wrist = torch.cat([wrist_pos, hinges[valid]], dim=-1)
    empty = torch.zeros(len(wrist), 3, device=device)
    joint_pos = torch.cat([wrist, fingers], dim=-1)
    return Motions(
        hand=hand.name,
        joint_names=hand.joint_names,
        key_bodies=hand.key_bodies,
        fps=round(1.0 / CONTROL_DT),
        objects=(object_name,),
        skills=(skill,),
        clip_start=torch.cat([torch.zeros_like(paths.length[:1]), paths.length.cumsum(0)]),
        clip_object=torch.zeros_like(paths.length),
        clip_skill=torch.zeros_like(paths.length),
        clip_grasp=paths.grasp,
        clip_rest=paths.rest,
        joint_pos=joint_pos,
        joint_vel=torch.zeros_like(joint_pos),
        command=torch.cat([wrist, paths.command[valid]], dim=-1),
        key_pos_w=key_points(Kinematics(hand, device), wrist_pos, paths.wrist_quat_w[valid], fingers),
        object_pos_w=paths.object_pos_w[valid],
        object_quat_w=rotations.make_continuous(paths.object_quat_w, dim=1)[valid],
        object_linvel_w=empty,
        object_angvel_w=empty,
        contact=paths.contact[valid],
        meta=meta,
    ).with_velocities()
