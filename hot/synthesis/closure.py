"""What makes a hand's pose a grasp, as an energy to be minimised."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Callable, Dict, Tuple

import torch
from torch import Tensor

from hot import rotations
from hot.hands import BodyPoses, HandSpec, Kinematics
from hot.objects import ObjectSpec
from hot.synthesis.clearance import shape_distance
from hot.synthesis.config import ClosureConfig
from hot.synthesis.distance import DistanceField
from hot.synthesis.pads import Pads

_CM = 100.0
_LEVER = 0.05
"""Distance at which a moment counts as much as a force [m]."""
_EVEN = 0.5
"""Part of the force that all fingers in use (and the palm) share alike, so that none of them is left in the air."""
_LINK_RADIUS = 0.007
"""Of the balls that stand for links where fingers must not cross [m]."""
_ABOVE_TABLE = 0.008
"""Least height over the table [m]: in closing the object moves in the hand by a centimetre."""
_NEVER = -1e4


@dataclass(frozen=True, eq=False)
class Asked:
    """What N hands are to do."""

    pads: Tensor  # (N, P) bool: which pads shall press
    up_o: Tensor  # (N, 3) the table's normal in the object frame; zero where there is no table
    height: Tensor  # (N,) of the object's origin over the table [m]

    def select(self, rows: Tensor) -> Asked:
        """Some of them, by mask or index."""
        return Asked(*(getattr(self, f.name)[rows] for f in fields(self)))


@dataclass(frozen=True, eq=False)
class Press:
    """Unknown forces of N hands."""

    shares: Tensor  # (N, P) before the softmax
    tangents: Tensor  # (N, P, 3) in any direction; the part along the surface counts, up to length 1


class GraspEnergy:
    """Energies of N hands of one kind about one object at the origin of its own frame.

    The terms follow differentiable force closure (Liu et al. 2021; Wang et al. 2023), with the forces as unknowns: each
    pad's force is a share of one, along the object's inward normal and within the friction cone; their sum and their
    moment shall vanish.
    """

    def __init__(
        self, hand: HandSpec, object_spec: ObjectSpec, pads: Pads, field: DistanceField, config: ClosureConfig
    ) -> None:
        device = field.device
        self._kinematics, self._config = Kinematics(hand, device), config
        self._field, self._pads = field, pads.to(device)
        self._surface = object_spec.surface_points.to(device)
        self._palm = [
            (c.shape, c.size, c.pos.float().to(device), _turn(c.quat).to(device))
            for c in hand.tree.colliders
            if c.body == 0
        ]
        self._groups = (pads.finger[None] == pads.finger.unique()[:, None]).to(device)  # (G, P): fingers and palm
        links = (pads.finger >= 0).nonzero()[:, 0]
        finger = pads.finger[links]
        self._links, self._apart = links.to(device), (finger[:, None] < finger[None]).to(device)

    def __call__(self, joints: Tensor, press: Press, asked: Asked) -> Dict[str, Tensor]:
        """Weighted terms (N,) of joints (N, D), the wrist's in the object frame."""
        config, poses = self._config, self._kinematics.forward(joints)
        points, facing = self._pads.placed(poses)
        distance, normal = self._field.at(points)
        share = self._shares(press.shares, asked)
        force = self._forces(share, press.tangents, normal)
        moment = torch.cross(points, force, dim=-1).sum(1) / _LEVER
        skin = self._kinematics.collider_points(poses)
        inside = (-self._field.distance(skin)).clamp_min(0.0).sum(-1)
        below = _ABOVE_TABLE - (skin * asked.up_o[:, None]).sum(-1) - asked.height[:, None]
        return {
            "touch": config.touch * _CM * (distance.abs() * share).sum(-1),
            "facing": config.facing * ((1.0 + (facing * normal).sum(-1)) * share).sum(-1),
            "balance": config.balance * (force.sum(1).square().sum(-1) + moment.square().sum(-1)),
            "spread": config.spread * share.square().sum(-1),
            "object": config.object * _CM * (inside + self._into_palm(poses)),
            "table": config.table * _CM * (below.clamp_min(0.0) * asked.up_o.any(-1, keepdim=True)).sum(-1),
            "itself": config.itself * _CM * self._overlap(points, facing),
        }

    def contacts(self, joints: Tensor, press: Press, asked: Asked) -> Tuple[Tensor, Tensor]:
        """Where the pads are (N, P, 3) [m] and their shares of the force (N, P)."""
        points, _ = self._pads.placed(self._kinematics.forward(joints))
        return points, self._shares(press.shares, asked)

    def torque(self, joints: Tensor, press: Press, asked: Asked) -> Tensor:
        """Joint torques (N, D) that press with the planned forces: the pads' Jacobians, transposed, times them."""
        share = self._shares(press.shares, asked)
        return self._torque(joints, lambda normal, facing: self._forces(share, press.tangents, normal))

    def closing(self, joints: Tensor, asked: Asked) -> Tensor:
        """Joint torques (N, D) of one newton at every pad in use, straight out of the pad."""
        return self._torque(joints, lambda normal, facing: facing * asked.pads[..., None])

    def _torque(self, joints: Tensor, force_of: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        """Torques (N, D) of forces (N, P, 3) that depend on the object's normals and the pads' at the pads."""
        joints = joints.detach().requires_grad_()
        points, facing = self._pads.placed(self._kinematics.forward(joints))
        with torch.no_grad():
            force = force_of(self._field.at(points)[1], facing)
        return torch.autograd.grad((points * force).sum(), joints)[0]

    def _shares(self, shares: Tensor, asked: Asked) -> Tensor:
        """Of the whole force (N, P)."""
        free = shares.masked_fill(~asked.pads, _NEVER)
        used = (asked.pads[:, None] & self._groups).any(-1).float()  # (N, G)
        within = free[:, None].masked_fill(~self._groups, 2 * _NEVER).softmax(-1)  # (N, G, P)
        even = (within * (used / used.sum(-1, keepdim=True))[..., None]).sum(1)
        return _EVEN * even + (1.0 - _EVEN) * free.softmax(-1)

    def _forces(self, share: Tensor, tangents: Tensor, normal: Tensor) -> Tensor:
        """Forces on the object (N, P, 3) within the cones."""
        flat = tangents - (tangents * normal).sum(-1, keepdim=True) * normal
        flat = flat / flat.square().sum(-1, keepdim=True).add(1.0).sqrt()
        return share[..., None] * (self._config.friction * flat - normal)

    def _into_palm(self, poses: BodyPoses) -> Tensor:
        """How far points of the object reach into the palm, summed (N,) [m]: its few large shapes have few points."""
        points = (self._surface - poses.pos_w[:, :1]) @ rotations.to_matrix(poses.quat_w[:, 0])  # (N, Q, 3)
        deep = points.new_zeros(len(points))
        for shape, size, pos, turn in self._palm:
            deep = deep + (-shape_distance(shape, size, (points - pos) @ turn)).clamp_min(0.0).sum(-1)
        return deep

    def _overlap(self, points: Tensor, facing: Tensor) -> Tensor:
        """How far links of different fingers, as balls behind their pads, reach into each other (N,) [m]."""
        centres = (points - _LINK_RADIUS * facing).index_select(1, self._links)
        apart = (centres[:, :, None] - centres[:, None]).square().sum(-1).add(1e-10).sqrt()
        return ((2 * _LINK_RADIUS - apart).clamp_min(0.0) * self._apart).sum((1, 2))


def _turn(quat: Tensor) -> Tensor:
    """Rotation matrix (3, 3) in single precision."""
    return rotations.to_matrix(quat).float()
