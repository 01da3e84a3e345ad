"""How far a hand is from the table and from an object, by sample points on both."""

from __future__ import annotations

import math
from typing import Optional, Tuple, Union

import torch
from torch import Tensor

from hot import rotations
from hot.hands import BodyPoses, HandSpec, Kinematics
from hot.objects import ObjectSpec
from hot.synthesis.distance import DistanceField

_HANDS, _POINTS = {"cpu": 2048, "cuda": 16384}, {"cpu": 1 << 15, "cuda": 1 << 17}
"""Most hands and points that are looked at at once, which bounds memory."""


class Clearance:
    """Distances of one hand from the table and from one object.

    Args:
        field: the object's distance on a grid, which is many times as fast as the exact one and off by half its
            spacing at most where two faces are equally near.
    """

    def __init__(
        self,
        hand: HandSpec,
        object_spec: ObjectSpec,
        device: Union[str, torch.device] = "cpu",
        field: Optional[DistanceField] = None,
    ) -> None:
        self.kinematics = Kinematics(hand, device)
        self._distance = field.distance if field else object_spec.signed_distance
        self._object, self._surface = object_spec, object_spec.surface_points.to(device)
        corners = torch.from_numpy(object_spec.mesh.vertices).float().to(device)
        self._low, self._high = corners.amin(0), corners.amax(0)
        self.reach = _reach(hand)
        """Upper bound of the distance from the wrist to any point of the hand [m]."""
        self.shapes = RoundedBoxes(hand, torch.device(device))

    def lowest(self, joint_pos: Tensor) -> Tensor:
        """Height (...) [m] of the lowest collider point of hands (..., D)."""
        hands = joint_pos.flatten(0, -2)
        parts = hands.split(_HANDS[hands.device.type])
        lowest = [self.kinematics.collider_heights(self.kinematics.forward(part)).amin(-1) for part in parts]
        return torch.cat(lowest).view(joint_pos.shape[:-1])

    def depth(self, joint_pos: Tensor, object_pos_w: Tensor, object_quat_w: Tensor, margin: float = 0.0) -> Tensor:
        """Deepest overlap (N,) [m] of hands (N, D) and objects (N, 3), (N, 4); negative: a gap, cut at ``-margin``."""
        depth = joint_pos.new_full(joint_pos.shape[:1], -margin)
        apart = (joint_pos[:, :3] - object_pos_w).norm(dim=-1)
        rows = (apart < self.reach + self._object.radius + margin).nonzero()[:, 0]
        for part in rows.split(_HANDS[rows.device.type]):
            depth[part] = self._depth(joint_pos[part], object_pos_w[part], object_quat_w[part], margin)
        return depth

    def _depth(self, joint_pos: Tensor, object_pos_w: Tensor, object_quat_w: Tensor, margin: float) -> Tensor:
        """Only shapes whose bounding sphere reaches the object's box are looked at closely."""
        poses, shapes = self.kinematics.forward(joint_pos), self.shapes
        turn = rotations.to_matrix(object_quat_w)
        centre_w, axes = shapes.placed(poses)
        centre = (centre_w - object_pos_w[:, None]) @ turn  # (N, G, 3), object frame
        outside = torch.maximum(self._low - centre, centre - self._high).clamp_min(0.0).norm(dim=-1)
        row, shape = (outside < shapes.bound + margin).nonzero(as_tuple=True)  # (n,)
        points = (self.kinematics.shape_points(poses, row, shape) - object_pos_w[row, None]) @ turn[row]
        axes_o = turn[row].transpose(-1, -2) @ axes[row, shape]
        deep = torch.maximum(
            self._into_object(points, margin), self._into_shape(shape, centre[row, shape], axes_o, margin)
        )
        return joint_pos.new_full(joint_pos.shape[:1], -margin).scatter_reduce(0, row, deep, "amax")

    def _into_object(self, points: Tensor, margin: float) -> Tensor:
        """Deepest (n,) of points (n, M, 3) of the object's frame in the object."""
        near = ((points > self._low - margin) & (points < self._high + margin)).all(-1)
        depth = points.new_full(points.shape[:-1], -margin)
        close = points[near]
        if len(close):
            parts = close.split(_POINTS[close.device.type])
            depth[near] = torch.cat([-self._distance(part) for part in parts])
        return depth.amax(-1).clamp_min(-margin)

    def _into_shape(self, shape: Tensor, centre: Tensor, axes: Tensor, margin: float) -> Tensor:
        """Deepest point (n,) of the object's surface in shapes (n,) at centres (n, 3) with axes (n, 3, 3), both in its
        frame: of those within the bounding sphere, a few in a hundred."""
        near = torch.cdist(centre, self._surface) < self.shapes.bound[shape, None] + margin  # (n, P)
        pair, point = near.nonzero(as_tuple=True)
        seen = ((self._surface[point] - centre[pair])[:, None] @ axes[pair])[:, 0]
        depth = -self.shapes.distance(shape[pair], seen)
        return centre.new_full(centre.shape[:1], -margin).scatter_reduce(0, pair, depth, "amax")


class RoundedBoxes:
    """The G collision shapes of a hand as rounded boxes: a box grown by a radius is box, capsule and sphere in one."""

    def __init__(self, hand: HandSpec, device: torch.device) -> None:
        colliders = hand.tree.colliders
        self.body = torch.tensor([c.body for c in colliders], device=device)
        """Of each shape (G,)."""
        self._pos = torch.stack([c.pos.float() for c in colliders]).to(device)
        self._turn = rotations.to_matrix(torch.stack([c.quat.float() for c in colliders])).to(device)
        boxes, radii = zip(*(_rounded_box(c.shape, c.size) for c in colliders))
        self._box, self._radius = torch.tensor(boxes, device=device), torch.tensor(radii, device=device)
        self.bound = self._box.norm(dim=-1) + self._radius
        """Radii of the bounding spheres (G,) [m]."""

    def placed(self, poses: BodyPoses) -> Tuple[Tensor, Tensor]:
        """Centres (N, G, 3) [m] and axes as columns (N, G, 3, 3) in the world."""
        turn = rotations.to_matrix(poses.quat_w.index_select(-2, self.body))
        centre = poses.pos_w.index_select(-2, self.body) + (turn @ self._pos[..., None])[..., 0]
        return centre, turn @ self._turn

    def distance(self, shape: Tensor, points: Tensor) -> Tensor:
        """Signed distance (n,) [m] of points (n, 3), each in the frame of its own shape (n,)."""
        beyond = points.abs() - self._box[shape]
        return beyond.clamp_min(0).norm(dim=-1) + beyond.amax(-1).clamp_max(0) - self._radius[shape]

    def nearest(self, shape: Tensor, points: Tensor) -> Tensor:
        """Points (..., 3) of the surfaces of shapes (...) next to points (..., 3), all in the frames of the shapes."""
        box, radius = self._box[shape], self._radius[shape][..., None]
        core = torch.minimum(torch.maximum(points, -box), box)
        away = points - core
        outside = core + radius * away / away.norm(dim=-1, keepdim=True).clamp_min(1e-9)
        face = torch.nn.functional.one_hot((box - points.abs()).argmin(-1), 3).bool()
        inside = torch.where(face, torch.where(points < 0, -box, box) + radius * points.sign(), points)
        return torch.where((away == 0).all(-1, keepdim=True), inside, outside)


def _rounded_box(shape: str, size: Tuple[float, ...]) -> Tuple[Tuple[float, float, float], float]:
    """Half edges and radius [m] of a collision shape."""
    if shape == "box":
        return (size[0], size[1], size[2]), 0.0
    return (0.0, 0.0, size[1] if shape == "capsule" else 0.0), size[0]


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
