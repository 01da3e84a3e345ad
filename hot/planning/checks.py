"""Whether planned paths can be followed: rules of the table, of overlap, of reach, and of speed."""

from __future__ import annotations

from typing import Dict, Optional

import torch
from torch import Tensor

from hot import rotations
from hot.physics import CONTROL_DT
from hot.planning.setting import Setting
from hot.planning.shapes import lowest
from hot.planning.transitions import FREE
from hot.synthesis.paths import Paths, hinge_angles

_SOFT = 0.03
"""How far beyond its range a finger joint may be [rad]: grasps settle in physics, where joint limits give way."""


def pace(setting: Setting, paths: Paths, begin: Optional[Tensor] = None) -> Dict[str, Tensor]:
    """Speeds and joint ranges, frame by frame; ``begin`` (N, 3) are the wrist hinges of the first frame if wound."""
    limits, hand, config = setting.config.limits, setting.hand, setting.config
    lower, upper = (limit.to(setting.device) for limit in (hand.joint_lower, hand.joint_upper))
    hinges, hinge_speed = hinge_angles(paths, begin)
    counts = _counts(paths)
    wrist = paths.wrist_pos_w
    step, turn = wrist.diff(dim=1), wrist.diff(n=2, dim=1)
    fingers = (paths.fingers < lower[6:] - _SOFT) | (paths.fingers > upper[6:] + _SOFT)
    stiff = paths.fingers.diff(dim=1).abs().amax(-1) / CONTROL_DT
    outside = (wrist < lower[:3]) | (wrist > upper[:3])
    wound = (hinges < lower[3:6]) | (hinges > upper[3:6])
    return {
        "hinge speed": hinge_speed > config.max_hinge_speed,
        "wrist speed": _any(step.norm(dim=-1) / CONTROL_DT > limits.wrist_speed, counts[:, 1:]),
        "wrist acceleration": _any(turn.norm(dim=-1) / CONTROL_DT**2 > limits.wrist_acceleration, counts[:, 2:]),
        "finger speed": _any(stiff > limits.finger_speed, counts[:, 1:]),
        "wrist range": _any((outside | wound).any(-1), counts),
        "finger range": _any(fingers.any(-1), counts),
    }


def contact(setting: Setting, paths: Paths, margin: float = 0.0, frames: Optional[range] = None) -> Dict[str, Tensor]:
    """The table, and the object where the hand does not hold it, in some frames; by default every so-many-th."""
    config, clearance = setting.config, setting.clearance
    looked = frames or range(0, paths.contact.shape[1], config.check_stride)
    column = torch.tensor(looked, device=setting.device)
    number, place = _counts(paths)[:, column].nonzero(as_tuple=True)
    frame = column[place]
    # A hand whose wrist is higher than it is long cannot touch the table.
    low = paths.wrist_pos_w[number, frame, 2] < clearance.reach + config.table_clearance
    table = _at_table(setting, paths, number[low], frame[low])
    label = paths.contact[number, frame]
    apart = (paths.wrist_pos_w[number, frame] - paths.object_pos_w[number, frame]).norm(dim=-1)
    near = (label != 1) & (apart < clearance.reach + setting.object_spec.radius + margin)
    return {"table": table, **_at_object(setting, paths, number[near], frame[near], margin)}


def _at_table(setting: Setting, paths: Paths, number: Tensor, frame: Tensor) -> Tensor:
    wrist = paths.wrist_pos_w[number, frame], paths.wrist_quat_w[number, frame]
    height = lowest(setting.clearance.kinematics, *wrist, paths.fingers[number, frame])
    return _spread(height < setting.config.table_clearance, number, paths)


def _at_object(setting: Setting, paths: Paths, number: Tensor, frame: Tensor, margin: float) -> Dict[str, Tensor]:
    hinges = rotations.to_euler(paths.wrist_quat_w[number, frame])
    joints = torch.cat([paths.wrist_pos_w[number, frame], hinges, paths.fingers[number, frame]], dim=-1)
    pose = paths.object_pos_w[number, frame], paths.object_quat_w[number, frame]
    depth = setting.clearance.depth(joints, *pose, margin=margin)
    free = paths.contact[number, frame] == FREE
    return {
        "near the object": _spread(free & (depth > -margin), number, paths),
        "in the object": _spread(depth > setting.config.max_penetration, number, paths),
    }


def _counts(paths: Paths) -> Tensor:
    """Frames (N, T) that count."""
    return torch.arange(paths.contact.shape[1], device=paths.length.device) < paths.length[:, None]


def _any(broken: Tensor, counts: Tensor) -> Tensor:
    return (broken & counts).any(1)


def _spread(broken: Tensor, number: Tensor, paths: Paths) -> Tensor:
    """Whether any looked-at frame of each path (N,) is broken."""
    result = torch.zeros(len(paths.length), dtype=torch.int32, device=broken.device)
    return result.scatter_reduce(0, number, broken.int(), "amax").bool()
