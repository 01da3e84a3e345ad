"""Where the fingers of a hand touch an object, and joints that bring chosen points of the fingers to chosen places."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import List, Tuple

import torch
from torch import Tensor

from hot import rotations
from hot.hands import BodyPoses, HandSpec, Kinematics
from hot.planning.setting import Setting
from hot.synthesis.transforms import Transform

_WRIST = 6
_PROJECTIONS = 6
"""Back and forth between object and link: enough to find the nearest points of two smooth bodies to 0.1 mm."""
_TOUCH = 0.0015
"""A finger nearer to the surface touches it [m]."""
_DAMPING = 4e-3
"""Of the steps to a goal [m/rad], where levers are some centimetres: it keeps joints from racing."""
_STEPS = 8


@dataclass(frozen=True, eq=False)
class Touches:
    """For G hands of F fingers: the point of each finger that is nearest to the object."""

    body: Tensor  # (G, F) int64
    point_b: Tensor  # (G, F, 3) in the body's frame [m]
    point_o: Tensor  # (G, F, 3) on the object's surface, in its frame [m]
    normal_o: Tensor  # (G, F, 3) outward
    distance: Tensor  # (G, F) [m]

    @property
    def touching(self) -> Tensor:
        """Which fingers touch (G, F) bool."""
        return self.distance < _TOUCH

    def select(self, rows: Tensor) -> Touches:
        """Some of them, by mask or index."""
        return Touches(*(getattr(self, f.name)[rows] for f in fields(self)))


def find_touches(setting: Setting, wrist_o: Transform, fingers: Tensor) -> Touches:
    """Nearest points of hands (G, ...) with the wrist at given poses in the object's frame."""
    shapes, kinematics = setting.clearance.shapes, setting.clearance.kinematics
    joints = torch.cat([wrist_o[0], rotations.to_euler(wrist_o[1]), fingers], dim=-1)
    poses = kinematics.forward(joints)
    centre, axes = shapes.placed(poses)  # (G, C, 3), (G, C, 3, 3)
    shape = torch.arange(centre.shape[1], device=setting.device).expand(centre.shape[:2])
    samples = kinematics.collider_points(poses).unflatten(1, (centre.shape[1], -1))  # (G, C, 14, 3)
    nearest = setting.field.distance(samples).argmin(-1)
    point = samples.gather(2, nearest[..., None, None].expand(-1, -1, 1, 3))[:, :, 0]
    for _ in range(_PROJECTIONS):
        distance, normal = setting.field.at(point)
        foot = point - distance[..., None] * normal
        local = ((foot - centre)[..., None, :] @ axes)[..., 0, :]
        point = centre + (axes @ shapes.nearest(shape, local)[..., None])[..., 0]
    return _by_finger(setting, poses, point)


def _by_finger(setting: Setting, poses: BodyPoses, point: Tensor) -> Touches:
    """Of the points (G, C, 3) of all shapes the nearest one of each finger."""
    bodies = setting.clearance.shapes.body
    distance, normal = setting.field.at(point)
    owner = setting.clearance.kinematics.finger_of_body[bodies]  # (C,)
    own = owner == torch.arange(setting.hand.num_fingers, device=setting.device)[:, None]  # (F, C)
    best = torch.where(own, distance[:, None], distance.new_tensor(torch.inf)).argmin(-1)  # (G, F)
    rows = torch.arange(len(point), device=setting.device)[:, None]
    body, place = bodies[best], point[rows, best]
    back = rotations.rotate_inverse(poses.quat_w[rows, body], place - poses.pos_w[rows, body])
    return Touches(
        body=body,
        point_b=back,
        point_o=place - distance[rows, best][..., None] * normal[rows, best],
        normal_o=normal[rows, best],
        distance=distance[rows, best],
    )


class FingerSolver:
    """Inverse kinematics of all fingers at once, in the wrist's frame, by damped least squares (Wampler 1986)."""

    def __init__(self, hand: HandSpec, kinematics: Kinematics, device: torch.device) -> None:
        self._kinematics = kinematics
        finger = [hand.finger_of_body[body] for body in hand.tree.joint_bodies[_WRIST:]]
        chains = [[j for j, owner in enumerate(finger) if owner == f] for f in range(hand.num_fingers)]
        longest = max(map(len, chains))
        padded = [[*chain, *[-1] * (longest - len(chain))] for chain in chains]
        self._chain = torch.tensor(padded, device=device)  # (F, m), -1 where a finger has fewer joints
        self._moves = _moves(hand).to(device)  # (B, J)
        self._lower, self._upper = hand.joint_lower[_WRIST:].to(device), hand.joint_upper[_WRIST:].to(device)

    def solve(
        self, fingers: Tensor, body: Tensor, point_b: Tensor, goal: Tensor, active: Tensor
    ) -> Tuple[Tensor, Tensor]:
        """Joints (N, J) [rad] that bring points of bodies to goals, and how far the points stay away (N, F) [m].

        Args:
            fingers: where to begin (N, J) [rad]; the joints change as little as possible.
            body: (N, F) int64.
            point_b: (N, F, 3) in the bodies' frames [m].
            goal: (N, F, 3) in the wrist's frame [m].
            active: which fingers have a goal (N, F) bool; the others stay.
        """
        joints = fingers
        for _ in range(_STEPS):
            whole, poses = self._placed(joints)
            here = _points(poses, body, point_b)
            gap = (goal - here) * active[..., None]
            effect = self._effect(whole, poses, body, here)  # (N, F, 3, m)
            square = effect @ effect.transpose(-1, -2) + _DAMPING**2 * torch.eye(3, device=joints.device)
            step = (effect.transpose(-1, -2) @ torch.linalg.solve(square, gap[..., None]))[..., 0]  # (N, F, m)
            joints = self._moved(joints, step)
        return joints, ((goal - self.points(joints, body, point_b)) * active[..., None]).norm(dim=-1)

    def points(self, fingers: Tensor, body: Tensor, point_b: Tensor) -> Tensor:
        """Points of bodies (N, F, 3) [m] in the wrist's frame."""
        return _points(self._placed(fingers)[1], body, point_b)

    def _placed(self, fingers: Tensor) -> Tuple[Tensor, BodyPoses]:
        """All joints (N, D), and where the bodies are, with the wrist at the origin."""
        joints = torch.cat([fingers.new_zeros(len(fingers), _WRIST), fingers], dim=-1)
        return joints, self._kinematics.forward(joints)

    def _effect(self, joints: Tensor, poses: BodyPoses, body: Tensor, here: Tensor) -> Tensor:
        """How points (N, F, 3) of bodies move with the joints of their own fingers (N, F, 3, m) [m/rad]."""
        axes, places = self._kinematics.hinges(joints, poses)  # (N, J, 3)
        chain = self._chain.clamp_min(0)
        moves = self._moves[body[..., None], chain] & (self._chain >= 0)  # (N, F, m)
        effect = torch.cross(axes[:, chain], here[:, :, None] - places[:, chain], dim=-1)
        return (effect * moves[..., None]).transpose(-1, -2)

    def _moved(self, joints: Tensor, step: Tensor) -> Tensor:
        """Joints (N, J) after steps (N, F, m), within their ranges."""
        used = self._chain >= 0
        change = torch.zeros_like(joints)
        change[:, self._chain[used]] = step[:, used]
        return torch.minimum(torch.maximum(joints + change, self._lower), self._upper)


def _points(poses: BodyPoses, body: Tensor, point_b: Tensor) -> Tensor:
    """Where points (N, F, 3) of bodies (N, F) are [m]."""
    rows = torch.arange(len(body), device=body.device)[:, None]
    return poses.pos_w[rows, body] + rotations.rotate(poses.quat_w[rows, body], point_b)


def _moves(hand: HandSpec) -> Tensor:
    """Which bodies move with which finger joint (B, J) bool: the joint's own, and those beyond it."""
    bodies = torch.tensor(hand.tree.joint_bodies[_WRIST:])
    rows: List[Tensor] = []
    for body, parent in enumerate(hand.tree.parents):
        rows.append((bodies == body) | (rows[parent] if parent >= 0 else torch.zeros_like(bodies, dtype=torch.bool)))
    return torch.stack(rows)
