"""Paths of transitions within the hand, while the wrist stays where it is."""

from __future__ import annotations

from typing import Union

import torch
from torch import Tensor

from hot import rotations
from hot.planning.inhand import Edges
from hot.planning.keyframes import Keyframe
from hot.planning.setting import Setting
from hot.planning.transitions import HELD, piece
from hot.synthesis.paths import Paths
from hot.synthesis.transforms import Transform, compose, shortest_turn


def place_hands(setting: Setting, object_h: Transform, palm_up: float) -> Transform:
    """Wrists (N, 3), (N, 4) whose objects, at poses in the wrist's frame, are anywhere in the work space.

    Args:
        palm_up: half angle of the cone about the vertical in which the palm's normal points [rad].
    """
    count, device = len(object_h[0]), setting.device
    up = torch.tensor([0.0, 0.0, 1.0], device=device)
    normal_h = rotations.rotate(setting.hand.palm_quat_h.to(device), up)
    normal_w = setting.draws.cone(up.expand(count, 3), palm_up)
    roll = rotations.from_axis_angle(normal_w, setting.yaws(count))
    quat = rotations.multiply(roll, shortest_turn(normal_h.expand(count, 3), normal_w))
    return setting.places(count) - rotations.rotate(quat, object_h[0]), quat


def first_of(edges: Edges, wrist: Transform) -> Keyframe:
    """The first instants of edges (N, T, ...), with the wrists (N, ...) in the world."""
    object_h = edges.object_pos_h[:, 0], edges.object_quat_h[:, 0]
    return Keyframe(wrist, compose(wrist, object_h), edges.fingers[:, 0], edges.command[:, 0])


def in_hand(start: Keyframe, edges: Edges, frames: Union[int, Tensor]) -> Paths:
    """A piece along edges that are given frame by frame (N, T, ...), of which ``frames`` (N,) count."""
    wrist = start.wrist[0][:, None], start.wrist[1][:, None]
    object_w = compose(wrist, (edges.object_pos_h, edges.object_quat_h))
    return piece(start, frames, HELD, object_w=object_w, fingers=edges.fingers, command=edges.command)
