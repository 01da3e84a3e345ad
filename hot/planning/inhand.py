"""Transitions between grasps within the hand: which fingers keep hold, and joints that let them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Tuple

import torch
from torch import Tensor

from hot import rotations
from hot.planning.config import InHandConfig
from hot.planning.fingers import FingerSolver, Touches
from hot.planning.setting import Setting
from hot.synthesis.timeline import smooth
from hot.synthesis.transforms import Transform

_WRIST = 6
_AWAY, _BACK = 0.25, 0.75
"""Shares of the time until which fingers that let go have lifted, and from which on they land."""


@dataclass(frozen=True, eq=False)
class Edges:
    """E transitions along K waypoints; F fingers."""

    start: Tensor  # (E,) int64 number of the grasp
    end: Tensor  # (E,) int64
    object_pos_h: Tensor  # (E, K, 3) in the wrist's frame [m]
    object_quat_h: Tensor  # (E, K, 4)
    fingers: Tensor  # (E, K, J) [rad]
    command: Tensor  # (E, K, J) [rad]
    keep: Tensor  # (E, F) bool: fingers that touch at all times

    def select(self, rows: Tensor) -> Edges:
        """Some of them, by mask or index."""
        return Edges(*(getattr(self, f.name)[rows] for f in fields(self)))

    @staticmethod
    def none(setting: Setting, waypoints: int) -> Edges:
        """No transition at all."""
        numbers = torch.zeros(0, dtype=torch.long, device=setting.device)
        widths = (3, 4, *[setting.hand.num_joints - _WRIST] * 2)
        pos, quat, joints, command = (torch.zeros(0, waypoints, width, device=setting.device) for width in widths)
        keep = torch.zeros(0, setting.hand.num_fingers, dtype=torch.bool, device=setting.device)
        return Edges(numbers, numbers, pos, quat, joints, command, keep)

    def at(self, share: Tensor) -> Edges:
        """Edges (E, T, ...) at shares (E, T) of their way instead of waypoints, interpolated."""
        last = self.fingers.shape[1] - 1
        place = (share.clamp(0.0, 1.0) * last).clamp_max(last - 1e-4)
        low, rest = place.long(), (place - place.floor())[..., None]
        rows = torch.arange(len(share), device=share.device)[:, None]

        def between(values: Tensor) -> Tensor:
            return torch.lerp(values[rows, low], values[rows, low + 1], rest)

        quat = rotations.normalize(between(rotations.make_continuous(self.object_quat_h, dim=1)))
        moved = between(self.object_pos_h), quat, between(self.fingers), between(self.command)
        return Edges(self.start, self.end, *moved, self.keep)


@dataclass(frozen=True, eq=False)
class Wanted:
    """What E transitions of K waypoints ask of the fingers."""

    start: Tensor  # (E,) int64 number of the grasp
    end: Tensor  # (E,)
    object_h: Transform  # (E, K, 3), (E, K, 4) the object in the wrist's frame
    begin: Touches  # (E, F) where the fingers touch at the first grasp
    finish: Touches  # (E, F) and at the last
    fingers: Tuple[Tensor, Tensor]  # (E, J) at either
    squeeze: Tuple[Tensor, Tensor]  # (E, J) command beyond the joints at either
    keep: Tensor  # (E, F) bool: fingers that shall keep contact


def opposed(touches: Touches, keep: Tensor, least: float) -> Tensor:
    """Whether some two of the fingers to keep (N, F) hold the object between them (N,) bool."""
    cosine = touches.normal_o @ touches.normal_o.transpose(-1, -2)  # (N, F, F)
    both = keep[:, :, None] & keep[:, None, :]
    return torch.where(both, cosine, torch.ones_like(cosine)).flatten(1).amin(1) < least


def shares_of(waypoints: int, device: torch.device) -> Tuple[Tensor, Tensor]:
    """At each waypoint (K,): share of the object's way, and how far fingers that let go are lifted."""
    time = torch.linspace(0.0, 1.0, waypoints, device=device)
    way = smooth((time - _AWAY) / (_BACK - _AWAY))
    return way, torch.minimum(smooth(time / _AWAY), smooth((1.0 - time) / (1.0 - _BACK)))


def solve(setting: Setting, config: InHandConfig, wanted: Wanted, way: Tensor, lifted: Tensor) -> Tuple[Edges, Tensor]:
    """Transitions, and at which waypoints (E, K) they will do: kept contacts are kept, and nothing overlaps too much.

    Args:
        way: share of the object's way (K,) at each waypoint.
        lifted: how far fingers that let go are lifted (K,) there.
    """
    count, steps = len(wanted.start), len(way)
    solver = FingerSolver(setting.hand, setting.clearance.kinematics, setting.device)
    along = way[:, None, None]  # contacts wander from where they are to where they will be
    point_b = torch.lerp(wanted.begin.point_b[:, None], wanted.finish.point_b[:, None], along)
    point_o = torch.lerp(wanted.begin.point_o[:, None], wanted.finish.point_o[:, None], along)
    off = torch.lerp(wanted.begin.distance[:, None], wanted.finish.distance[:, None], way[:, None])
    distance, normal = setting.field.at(point_o)
    pos, quat = (each[:, :, None] for each in wanted.object_h)
    goal = rotations.rotate(quat, point_o + (off - distance)[..., None] * normal) + pos
    keep = wanted.keep[:, None].expand(count, steps, -1)
    body = wanted.begin.body[:, None].expand(count, steps, -1)
    rough = _rough(setting, config, wanted, way, lifted)
    joints, miss = solver.solve(*(t.flatten(0, 1) for t in (rough, body, point_b, goal, keep)))
    good = (miss < config.miss).all(-1)
    pose = [each.flatten(0, 1)[good] for each in wanted.object_h]
    hands = torch.nn.functional.pad(joints[good], (_WRIST, 0))
    good[good.clone()] = setting.clearance.depth(hands, pose[0], pose[1]) < config.penetration
    joints, good = (each.unflatten(0, (count, steps)) for each in (joints, good))
    command = joints + _squeeze(setting, wanted, way, lifted)
    return Edges(wanted.start, wanted.end, *wanted.object_h, joints, command, wanted.keep), good


def _rough(setting: Setting, config: InHandConfig, wanted: Wanted, way: Tensor, lifted: Tensor) -> Tensor:
    """Joints (E, K, J) on the straight way between the grasps, with the fingers that let go lifted."""
    start, end = (each[:, None] for each in wanted.fingers)
    straight = torch.lerp(start, end, way[:, None])
    loose = 1.0 - _of_fingers(setting, wanted.keep)[:, None]
    wide = setting.hand.open_fingers.to(setting.device)
    return straight + config.lift * lifted[:, None] * loose * (wide - straight)


def _squeeze(setting: Setting, wanted: Wanted, way: Tensor, lifted: Tensor) -> Tensor:
    """Commands beyond the joints (E, K, J): lifted fingers do not press."""
    start, end = (each[:, None] for each in wanted.squeeze)
    loose = 1.0 - _of_fingers(setting, wanted.keep)[:, None]
    return torch.lerp(start, end, way[:, None]) * (1.0 - lifted[:, None] * loose)


def _of_fingers(setting: Setting, chosen: Tensor) -> Tensor:
    """1 for the joints of chosen fingers (E, F), else 0 (E, J)."""
    finger = [setting.hand.finger_of_body[body] for body in setting.hand.tree.joint_bodies[_WRIST:]]
    return chosen[:, finger].float()
