"""What policies of the original release see: its observation, number by number, with its quirks."""

from __future__ import annotations

from typing import Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

from hot import rotations
from hot.hands import BodyPoses, BodyVelocities, HandSpec, Kinematics
from hot.objects import ObjectSpec
from hot.physics import CONTROL_DT, State
from hot.tracking.config import ObservationConfig
from hot.tracking.instant import Instant
from hot.tracking.parts import Part
from hot.tracking.reference import Now

TABLE_HEIGHT = 0.10
"""Height [m] of upstream's table, from which it lifts what stands on ours at 0."""
BASE_HEIGHT = 0.5
"""Height [m] of the hand's fixed base over upstream's ground; the wrist's slides are counted from there."""
_REACH = 0.5
"""Distance [m] from the wrist beyond which the object is seen at this distance."""
SPREAD, ALL = 20, 200
"""Object points of its plain and of its dense networks."""


def parts(hand: HandSpec, config: ObservationConfig) -> Tuple[Part, ...]:
    """What :class:`UpstreamView` concatenates, in its order.

    "Turned" vectors are in axes that are turned about the vertical by the wrist's heading; "local" places are so from
    the wrist, too. Quaternions are x y z w. K key bodies end with the wrist.
    """
    keys, joints = len(hand.key_bodies), hand.num_joints
    every = (
        Part("hand", "wrist position", 3, "over the ground, on which upstream's table is 0.1 high [m]"),
        Part("hand", "wrist quaternion", 4, "in the world"),
        Part("hand", "key positions", 3 * (keys - 1), "local, without the wrist [m]"),
        Part("hand", "key rotations", 6 * (keys - 1), "turned x axis, then z axis, without the wrist"),
        Part("hand", "key velocities", 3 * keys, "turned [m/s]"),
        Part("hand", "key angular velocities", 3 * keys, "turned [rad/s]"),
        Part("hand", "contact forces", 3 * len(hand.contact_bodies), "on each contact body, in the world [N]"),
        Part("object", "object position", 3, "of its mesh's origin, local, drawn in to 0.5 m"),
        Part("object", "object rotation", 6, "turned x axis, then z axis"),
        Part("object", "object velocity", 3, "of its centre of mass, turned [m/s]"),
        Part("object", "object angular velocity", 3, "turned [rad/s]"),
        Part("points", "object points", 3 * config.points, "local, each drawn in to 0.5 m"),
        Part("reference", "reference object position", 3, "of its mesh's origin, local [m]"),
        Part("reference", "reference object quaternion", 4, "turned"),
        Part("reference", "reference key positions", 3 * keys, "local [m]"),
        Part("reference", "key positions to go", 3 * keys, "reference minus present, turned [m]"),
        Part("reference", "reference wrist velocity", 3, "since the frame before, turned [m/s]"),
        Part("reference", "object position to go", 3, "reference minus present, turned [m]"),
        Part("reference", "object quaternion to go", 4, "reference, the present object's heading taken off"),
        Part("reference_joints", "contact", int(config.reference_joints), "label: 1 touch, 0 none, -1 either"),
        Part("reference_joints", "reference joints", joints * config.reference_joints, "slides from the base [m, rad]"),
        Part("reference_joints", "joints to go", joints * config.reference_joints, "wrapped to [-pi, pi) [m, rad]"),
    )
    return tuple(part for part in every if part.size)


class UpstreamView:
    """The observation of policies of the original release. It shows one reference frame, that of now."""

    def __init__(
        self,
        hand: HandSpec,
        objects: Sequence[ObjectSpec],
        world_object: Tensor,
        config: ObservationConfig,
        device: torch.device,
    ) -> None:
        self._config = config
        self._kinematics = Kinematics(hand, device)
        world_object = world_object.to(device)
        points, origins = zip(*(_shown(spec, config.points) for spec in objects))
        self._points_o = torch.stack(points).to(device)[world_object]  # (N, P, 3)
        self._origin_o = torch.stack(origins).to(device)[world_object]  # (N, 3)

    def __call__(self, instant: Instant) -> Tensor:
        """The observation (N, O)."""
        sim, ref = instant.sim, instant.reference.now(instant.clip_ids, instant.frames)
        before = instant.reference.now(instant.clip_ids, instant.frames - 1)
        poses, velocities = self._kinematics.moving(sim.joint_pos, sim.joint_vel)
        turn = rotations.conjugate(rotations.heading(sim.wrist_quat_w))  # (N, 4) off the wrist's heading
        place_w = sim.object_pos_w + rotations.rotate(sim.object_quat_w, self._origin_o)
        ref_place_w = ref.object_pos_w + rotations.rotate(ref.object_quat_w, self._origin_o)
        numbers = [
            *self._hand(sim, poses, velocities, turn),
            *self._object(sim, place_w, turn),
            *_ahead(sim, ref, before, place_w, ref_place_w, turn),
            *(_joints(sim, ref) if self._config.reference_joints else ()),
        ]
        return torch.cat([each.flatten(1) for each in numbers], dim=1)

    def _hand(self, sim: State, poses: BodyPoses, velocities: BodyVelocities, turn: Tensor) -> Sequence[Tensor]:
        rows, each = self._kinematics.key_rows, turn[:, None]
        wrist = sim.joint_pos[:, None, :3]
        return (
            _raised(sim.joint_pos[:, :3], TABLE_HEIGHT),
            _xyzw(sim.wrist_quat_w),
            rotations.rotate(each, sim.key_pos_w[:, :-1] - wrist),
            _two_axes(rotations.multiply(each.expand(-1, sim.key_pos_w.shape[1] - 1, -1), rows(poses.quat_w)[:, :-1])),
            rotations.rotate(each, rows(velocities.linear_w)),
            rotations.rotate(each, rows(velocities.angular_w)),
            sim.contact_force_w,
        )

    def _object(self, sim: State, place_w: Tensor, turn: Tensor) -> Sequence[Tensor]:
        wrist = sim.joint_pos[:, :3]
        points_w = rotations.rotate(sim.object_quat_w[:, None], self._points_o) + sim.object_pos_w[:, None]
        return (
            rotations.rotate(turn, _drawn_in(place_w - wrist)),
            _two_axes(rotations.multiply(turn, sim.object_quat_w)),
            rotations.rotate(turn, sim.object_linvel_w),
            rotations.rotate(turn, sim.object_angvel_w),
            rotations.rotate(turn[:, None], _drawn_in(points_w - wrist[:, None])),
        )


def _ahead(sim: State, ref: Now, before: Now, place_w: Tensor, ref_place_w: Tensor, turn: Tensor) -> Sequence[Tensor]:
    wrist, each = sim.joint_pos[:, :3], turn[:, None]
    off_heading = rotations.conjugate(rotations.heading(sim.object_quat_w))
    return (
        rotations.rotate(turn, ref_place_w - wrist),
        _xyzw(rotations.multiply(turn, ref.object_quat_w)),
        rotations.rotate(each, ref.key_pos_w - wrist[:, None]),
        rotations.rotate(each, ref.key_pos_w - sim.key_pos_w),
        rotations.rotate(turn, (ref.joint_pos[:, :3] - before.joint_pos[:, :3]) / CONTROL_DT),
        rotations.rotate(turn, ref_place_w - place_w),
        _xyzw(rotations.multiply(off_heading, ref.object_quat_w)),
    )


def _joints(sim: State, ref: Now) -> Sequence[Tensor]:
    to_go = rotations.wrap_angle(ref.joint_pos - sim.joint_pos)
    return ref.contact[:, None], _raised(ref.joint_pos, TABLE_HEIGHT - BASE_HEIGHT), to_go


def _shown(spec: ObjectSpec, count: int) -> Tuple[Tensor, Tensor]:
    """The points (count, 3) of an object that are seen, and its mesh's origin (3,), in its frame [m].

    Dense networks see 180 points uniform by area, then the mesh's origin and 19 corners far apart; plain ones 20
    corners from the first on. Upstream draws its 180 anew for every world and start; here they are the object's own.
    """
    corners = spec.corners
    dense = np.concatenate([spec.surface_points[SPREAD:].numpy(), corners.from_origin])
    chosen = {0: dense[:0], SPREAD: corners.from_first, ALL: dense}[count]
    return torch.as_tensor(chosen, dtype=torch.float32), torch.as_tensor(corners.origin, dtype=torch.float32)


def _raised(values: Tensor, height: float) -> Tensor:
    """Rows (N, n) that begin with a place, ``height`` [m] higher."""
    return torch.cat([values[:, :2], values[:, 2:3] + height, values[:, 3:]], dim=1)


def _xyzw(quat: Tensor) -> Tensor:
    return quat.roll(-1, dims=-1)


def _two_axes(quat: Tensor) -> Tensor:
    """Rotated x and z axes (..., 6)."""
    matrix = rotations.to_matrix(quat)
    return torch.cat([matrix[..., :, 0], matrix[..., :, 2]], dim=-1)


def _drawn_in(vectors: Tensor) -> Tensor:
    """Vectors (..., 3), those longer than 0.5 m made as long."""
    length = vectors.norm(dim=-1, keepdim=True)
    return vectors * (_REACH / length.clamp_min(_REACH))
