"""How far a hand is from the table and from an object, by sample points on both."""

from __future__ import annotations

import math
from typing import Tuple, Union

import torch
from torch import Tensor

from hot import rotations
from hot.hands import BodyPoses, HandSpec, Kinematics
from hot.objects import ObjectSpec

_HANDS, _POINTS = {"cpu": 2048, "cuda": 32768}, {"cpu": 32768, "cuda": 1 << 17}
"""Most hands and points that are looked at at once, which bounds memory."""


class Clearance:
    """Distances of one hand from the table and from one object."""

    def __init__(self, hand: HandSpec, object_spec: ObjectSpec, device: Union[str, torch.device] = "cpu") -> None:
        self.kinematics = Kinematics(hand, device)
        self._colliders = [
            (c.body, c.shape, c.size, c.pos.float().to(device), c.quat.float().to(device)) for c in hand.tree.colliders
        ]
        self._object, self._surface = object_spec, object_spec.surface_points.to(device)
        corners = torch.from_numpy(object_spec.mesh.vertices).float().to(device)
        self._low, self._high = corners.amin(0), corners.amax(0)
        self._reach = _reach(hand)

    def lowest(self, joint_pos: Tensor) -> Tensor:
        """Height (...) [m] of the lowest collider point of hands (..., D)."""
        return self.kinematics.collider_points(self.kinematics.forward(joint_pos))[..., 2].amin(-1)

    def depth(self, joint_pos: Tensor, object_pos_w: Tensor, object_quat_w: Tensor, margin: float = 0.0) -> Tensor:
        """Deepest overlap (N,) [m] of hands (N, D) and objects (N, 3), (N, 4); negative: a gap, cut at ``-margin``."""
        depth = joint_pos.new_full(joint_pos.shape[:1], -margin)
        apart = (joint_pos[:, :3] - object_pos_w).norm(dim=-1)
        rows = (apart < self._reach + self._object.radius + margin).nonzero()[:, 0]
        for part in rows.split(_HANDS[rows.device.type]):
            depth[part] = self._depth(joint_pos[part], object_pos_w[part], object_quat_w[part], margin)
        return depth

    def _depth(self, joint_pos: Tensor, object_pos_w: Tensor, object_quat_w: Tensor, margin: float) -> Tensor:
        poses = self.kinematics.forward(joint_pos)
        deep = self._hand_in_object(poses, object_pos_w, object_quat_w, margin)
        return torch.maximum(deep, self._object_in_hand(poses, object_pos_w, object_quat_w, margin))

    def _hand_in_object(self, poses: BodyPoses, pos: Tensor, quat: Tensor, margin: float) -> Tensor:
        points = self.kinematics.collider_points(poses) - pos[:, None]
        points = rotations.rotate_inverse(quat[:, None], points)  # (N, M, 3)
        near = ((points > self._low - margin) & (points < self._high + margin)).all(-1)
        depth = points.new_full(points.shape[:-1], -margin)
        close = points[near]
        if len(close):
            parts = close.split(_POINTS[close.device.type])
            depth[near] = torch.cat([-self._object.signed_distance(part) for part in parts])
        return depth.amax(-1).clamp_min(-margin)

    def _object_in_hand(self, poses: BodyPoses, pos: Tensor, quat: Tensor, margin: float) -> Tensor:
        points_w = rotations.rotate(quat[:, None], self._surface) + pos[:, None]  # (N, P, 3)
        depth = points_w.new_full(points_w.shape[:1], -margin)
        for body, shape, size, shape_pos, shape_quat in self._colliders:
            body_pos, body_quat = poses.pos_w[:, body], poses.quat_w[:, body]
            points = rotations.rotate_inverse(body_quat[:, None], points_w - body_pos[:, None])
            points = rotations.rotate_inverse(shape_quat, points - shape_pos)
            depth = torch.maximum(depth, -shape_distance(shape, size, points).amin(-1))
        return depth


def _reach(hand: HandSpec) -> float:
    """Upper bound of the distance from the wrist to any point of the hand, all links stretched out [m]."""
    chain = [0.0]
    for parent, offset in zip(hand.tree.parents[1:], hand.tree.pos[1:]):
        chain.append(chain[parent] + float(offset.norm()))
    return max(chain[c.body] + float(c.pos.norm()) + math.hypot(*c.size) for c in hand.tree.colliders)


def shape_distance(shape: str, size: Tuple[float, ...], points: Tensor) -> Tensor:
    """Signed distance (...) [m] of points (..., 3) in a collision shape's own frame, exact outside and inside."""
    if shape == "box":  # without a tensor of the sizes, which a GPU that records would have to fetch
        beyond = torch.stack([axis.abs() - half for axis, half in zip(points.unbind(-1), size)], dim=-1)
        return beyond.clamp_min(0).norm(dim=-1) + beyond.amax(-1).clamp_max(0)
    if shape == "capsule":
        along = points[..., 2].clamp(-size[1], size[1])
        points = torch.cat([points[..., :2], (points[..., 2] - along)[..., None]], dim=-1)
    return points.norm(dim=-1) - size[0]
