"""Where a hand's bodies are for given joint positions, for any batch of hands at once."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Dict, List, Tuple, Union

import torch
from torch import Tensor

from hot import rotations
from hot.hands.colliders import sample_surfaces
from hot.hands.spec import HandSpec
from hot.hands.tree import NUM_WRIST_JOINTS


@dataclass(frozen=True, eq=False)
class BodyPoses:
    """World poses of all bodies of a hand, in the order of ``HandSpec.tree.names``."""

    pos_w: Tensor  # (..., B, 3) [m]
    quat_w: Tensor  # (..., B, 4)


@dataclass(frozen=True, eq=False)
class BodyVelocities:
    """World velocities of all bodies of a hand, in the order of ``HandSpec.tree.names``."""

    linear_w: Tensor  # (..., B, 3) of the bodies' origins [m/s]
    angular_w: Tensor  # (..., B, 3) [rad/s]


@dataclass(frozen=True, eq=False)
class _Constants:
    """The hand's numbers in one precision."""

    hinge_cos: Tensor  # (J, 4): a finger hinge's quaternion is cos(q/2) hinge_cos + sin(q/2) hinge_sin;
    hinge_sin: Tensor  # (J, 4)  the first hinge of a body carries the body's own rotation with it
    axes: Tensor  # (J, 3) of the finger hinges, in their bodies' frames
    offsets: Tensor  # (B - 1, 3) the bodies' origins in their parents' frames, level by level
    tips: Tensor  # (F, 3) in their bodies' frames
    surface: Tensor  # (G, P, 3) points of each collision shape in its body's frame


class Kinematics:
    """Forward kinematics of one hand: differentiable, float32 or float64, over any leading batch shape.

    The tree is walked level by level (all bodies of one depth in one operation), so that a call costs some
    dozens of tensor operations whatever the number of fingers.
    """

    def __init__(self, spec: HandSpec, device: Union[str, torch.device] = "cpu") -> None:
        self.spec = spec
        self._device = torch.device(device)
        tree = spec.tree
        levels, level_parents = _level_bodies(tree.parents)
        self._order = self._ids(_invert([body for level in levels for body in level]))
        self._level_ids = [self._ids([body - 1 for body in level]) for level in levels[1:]]
        self._parent_ids = [self._ids(parents) for parents in level_parents[1:]]
        ranks = _rank_joints(tree.joint_bodies[NUM_WRIST_JOINTS:])
        self._joint_body_ids = self._ids(list(tree.joint_bodies[NUM_WRIST_JOINTS:]))
        self._earlier_joint_ids = [
            [self._ids([before[body] for body in rank]) for before in ranks[:index]] for index, rank in enumerate(ranks)
        ]
        self._rank_joint_ids = [self._ids(list(rank.values())) for rank in ranks]
        self._rank_body_ids = [self._ids([body - 1 for body in rank]) for rank in ranks]
        self._key_ids = self._ids([tree.names.index(name) for name in spec.key_bodies])
        sites = {site.name: site for site in tree.sites}
        self._tip_ids = self._ids([sites[tip].body for tip in spec.fingertips])
        surface, surface_bodies = sample_surfaces(tree.colliders)
        self._shape_body_ids = surface_bodies.to(self._device)
        self.collider_body_ids = self._shape_body_ids.repeat_interleave(surface.shape[1])
        """Body of each point of :meth:`collider_points` (M,)."""
        self.finger_of_body = self._ids(list(spec.finger_of_body))
        """Index into the spec's ``finger_names`` of each body; -1 for the palm (B,)."""
        exact = _Constants(
            *_hinge_terms(spec),
            axes=tree.joint_axes[NUM_WRIST_JOINTS:],
            offsets=torch.cat([tree.pos[level] for level in levels[1:]]),
            tips=torch.stack([sites[tip].pos for tip in spec.fingertips]),
            surface=surface,
        )
        self._constants = {dtype: self._cast(exact, dtype) for dtype in (torch.float32, torch.float64)}

    def _ids(self, values: List[int]) -> Tensor:
        return torch.tensor(values, dtype=torch.long, device=self._device)

    def _cast(self, constants: _Constants, dtype: torch.dtype) -> _Constants:
        return _Constants(*(getattr(constants, f.name).to(self._device, dtype) for f in fields(constants)))

    def forward(self, joint_pos: Tensor) -> BodyPoses:
        """Body poses for joint positions (..., D)."""
        constants = self._constants[joint_pos.dtype]
        local = self._local_rotations(joint_pos, constants)
        pos = joint_pos[..., None, :3]
        quat = rotations.from_euler(joint_pos[..., 3:NUM_WRIST_JOINTS])[..., None, :]
        all_pos, all_quat = [pos], [quat]
        offsets = constants.offsets.split([len(level) for level in self._level_ids])
        for level, parents, offset in zip(self._level_ids, self._parent_ids, offsets):
            pos, quat = pos.index_select(-2, parents), quat.index_select(-2, parents)
            pos = pos + rotations.rotate(quat, offset)
            quat = rotations.multiply(quat, local.index_select(-2, level))
            all_pos.append(pos)
            all_quat.append(quat)
        return BodyPoses(
            torch.cat(all_pos, dim=-2).index_select(-2, self._order),
            torch.cat(all_quat, dim=-2).index_select(-2, self._order),
        )

    def moving(self, joint_pos: Tensor, joint_vel: Tensor) -> Tuple[BodyPoses, BodyVelocities]:
        """Body poses and velocities for joint positions and velocities (..., D)."""

        poses = self.forward(joint_pos)
        spins_w = rotations.rotate(poses.quat_w[..., 1:, :], self._spins(joint_pos, joint_vel))
        wrist = self.wrist_velocity(joint_pos, joint_vel)
        linear, angular = [wrist[0]], [wrist[1]]
        for body, parent in enumerate(self.spec.tree.parents[1:], start=1):
            arm = poses.pos_w[..., body, :] - poses.pos_w[..., parent, :]
            linear.append(linear[parent] + torch.cross(angular[parent], arm, dim=-1))
            angular.append(angular[parent] + spins_w[..., body - 1, :])
        return poses, BodyVelocities(torch.stack(linear, dim=-2), torch.stack(angular, dim=-2))

    def hinges(self, joint_pos: Tensor, poses: BodyPoses) -> Tuple[Tensor, Tensor]:
        """Axes (..., J, 3), unit, and places (..., J, 3) [m] of the finger joints in the world, for joints (..., D) and
        the body poses that they lead to: a point p that moves with a joint does so by axis x (p - place) [m/rad]."""
        own = self._constants[joint_pos.dtype].axes
        axes = own.expand(*joint_pos.shape[:-1], *own.shape)
        for later, earlier in zip(self._rank_joint_ids, self._earlier_joint_ids):
            turn = rotations.from_axis_angle(own[later], joint_pos[..., NUM_WRIST_JOINTS + later])
            for joints in earlier:  # a hinge turns what the hinges before it do
                axes = axes.index_copy(-2, joints, rotations.rotate_inverse(turn, axes.index_select(-2, joints)))
        pos, quat = (rows.index_select(-2, self._joint_body_ids) for rows in (poses.pos_w, poses.quat_w))
        return rotations.rotate(quat, axes), pos

    def _spins(self, joint_pos: Tensor, joint_vel: Tensor) -> Tensor:
        """Angular velocities of the bodies after the wrist relative to their parents, in their own frames (..., B - 1,
        3). A hinge turns what the hinges before it do."""
        axes = self._constants[joint_pos.dtype].axes
        spins = axes.new_zeros(*joint_pos.shape[:-1], len(self.spec.tree.parents) - 1, 3)
        for bodies, joints in zip(self._rank_body_ids, self._rank_joint_ids):
            own, hinges = axes[joints], NUM_WRIST_JOINTS + joints
            turn = rotations.from_axis_angle(own, joint_pos[..., hinges])
            before = rotations.rotate_inverse(turn, spins.index_select(-2, bodies))
            spins = spins.index_copy(-2, bodies, before + own * joint_vel[..., hinges, None])
        return spins

    def _local_rotations(self, joint_pos: Tensor, constants: _Constants) -> Tensor:
        """Rotations of the bodies after the wrist relative to their parents (..., B - 1, 4)."""
        half = 0.5 * joint_pos[..., NUM_WRIST_JOINTS:, None]
        hinges = half.cos() * constants.hinge_cos + half.sin() * constants.hinge_sin
        local = hinges.index_select(-2, self._rank_joint_ids[0])
        for bodies, joints in zip(self._rank_body_ids[1:], self._rank_joint_ids[1:]):
            turned = rotations.multiply(local.index_select(-2, bodies), hinges.index_select(-2, joints))
            local = local.index_copy(-2, bodies, turned)
        return local

    def key_points(self, poses: BodyPoses) -> Tensor:
        """World positions of the key bodies' origins (..., K, 3) [m], the wrist last."""
        return self.key_rows(poses.pos_w)

    def key_rows(self, rows: Tensor) -> Tensor:
        """Those rows (..., K, n) of the key bodies, the wrist last, out of rows (..., B, n) of all bodies."""
        return rows.index_select(-2, self._key_ids)

    def fingertips(self, poses: BodyPoses) -> Tensor:
        """World positions of the fingertips (..., F, 3) [m]."""
        pos, quat = poses.pos_w.index_select(-2, self._tip_ids), poses.quat_w.index_select(-2, self._tip_ids)
        return pos + rotations.rotate(quat, self._constants[pos.dtype].tips)

    def collider_points(self, poses: BodyPoses) -> Tensor:
        """World positions of sample points on the surfaces of the collision shapes (..., M, 3) [m]."""
        surface = self._constants[poses.pos_w.dtype].surface
        turn = rotations.to_matrix(poses.quat_w).index_select(-3, self._shape_body_ids)  # (..., G, 3, 3)
        pos = poses.pos_w.index_select(-2, self._shape_body_ids)[..., None, :]
        return (surface @ turn.transpose(-1, -2) + pos).flatten(-3, -2)

    def shape_points(self, poses: BodyPoses, row: Tensor, shape: Tensor) -> Tensor:
        """World positions of the sample points (n, S, 3) [m] of some collision shapes (n,) of some hands (n,)."""
        body = self._shape_body_ids[shape]
        turn = rotations.to_matrix(poses.quat_w[row, body])
        return self._constants[poses.pos_w.dtype].surface[shape] @ turn.transpose(-1, -2) + poses.pos_w[row, body, None]

    def collider_heights(self, poses: BodyPoses) -> Tensor:
        """Heights of those points alone (..., M) [m]."""
        surface = self._constants[poses.pos_w.dtype].surface
        up = rotations.to_matrix(poses.quat_w)[..., 2, :].index_select(-2, self._shape_body_ids)  # (..., G, 3)
        height = poses.pos_w[..., 2].index_select(-1, self._shape_body_ids)[..., None]
        return ((surface @ up[..., None])[..., 0] + height).flatten(-2)

    @staticmethod
    def wrist_velocity(joint_pos: Tensor, joint_vel: Tensor) -> Tuple[Tensor, Tensor]:
        """Linear [m/s] and angular [rad/s] velocity of the wrist (..., 3) in world axes, from joints (..., D).

        The columns of the angular map are the hinge axes x, Rx y and Rx Ry z.
        """
        sine, cosine = joint_pos[..., 3:5].sin(), joint_pos[..., 3:5].cos()
        (sx, sy), (cx, cy) = sine.unbind(-1), cosine.unbind(-1)
        dx, dy, dz = joint_vel[..., 3:NUM_WRIST_JOINTS].unbind(-1)
        angular = torch.stack([dx + sy * dz, cx * dy - sx * cy * dz, sx * dy + cx * cy * dz], dim=-1)
        return joint_vel[..., :3], angular


def _level_bodies(parents: Tuple[int, ...]) -> Tuple[List[List[int]], List[List[int]]]:
    """Bodies of each depth, and the place of each one's parent within the level above."""
    levels, places = [[0]], [[-1]]
    while sum(map(len, levels)) < len(parents):
        above = levels[-1]
        levels.append([body for body, parent in enumerate(parents) if parent in above])
        places.append([above.index(parents[body]) for body in levels[-1]])
    return levels, places


def _invert(permutation: List[int]) -> List[int]:
    return sorted(range(len(permutation)), key=permutation.__getitem__)


def _rank_joints(joint_bodies: Tuple[int, ...]) -> List[Dict[int, int]]:
    """The first, second, ... hinge of each body: body -> finger joint, one mapping per rank."""
    ranks: List[Dict[int, int]] = []
    for joint, body in enumerate(joint_bodies):
        rank = sum(body in mapping for mapping in ranks)
        if rank == len(ranks):
            ranks.append({})
        ranks[rank][body] = joint
    return ranks


def _hinge_terms(spec: HandSpec) -> Tuple[Tensor, Tensor]:
    """``hinge_cos`` and ``hinge_sin`` (J, 4) of the finger hinges."""
    tree, bodies = spec.tree, list(spec.tree.joint_bodies[NUM_WRIST_JOINTS:])
    first = torch.tensor([body not in bodies[:joint] for joint, body in enumerate(bodies)])
    still = torch.tensor([1.0, 0.0, 0.0, 0.0], dtype=torch.float64)
    base = torch.where(first[:, None], tree.quat[bodies], still)
    axes = tree.joint_axes[NUM_WRIST_JOINTS:]
    return base, rotations.multiply(base, torch.cat([torch.zeros_like(axes[:, :1]), axes], dim=1))
