"""A picture of one object as it lies on the table, in one or several poses side by side."""

# MuJoCo ships no type stubs for its compiled names.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

import math
from typing import Tuple

import mujoco
import numpy as np
import torch
from torch import Tensor

from hot import rotations
from hot.errors import PhysicsError
from hot.objects import ObjectSpec
from hot.physics.canvas import VIEW, Canvas, begin_picture
from hot.physics.render import add_object

_GAP = 1.15
"""Distance between copies, relative to the width of the widest."""
_ACROSS = 50.0
"""Direction across the view [deg]."""
_SLANT = 25.0
"""Angle by which an object is turned out of it, so that no face is seen edge-on [deg]."""


def draw_portrait(
    object_spec: ObjectSpec, quat_w: np.ndarray, *, width: int = 640, height: int = 480, caption: str = ""
) -> np.ndarray:
    """Picture (height, width, 3) uint8 of the object set down in each orientation (P, 4), w x y z.

    Raises:
        PhysicsError: there is no orientation, or MuJoCo refuses the object.
        MissingDependencyError: neither EGL nor OSMesa is installed.
    """
    if not len(quat_w):
        raise PhysicsError(f"{object_spec.name} cannot be drawn in no pose")
    spec = begin_picture(width, height)
    for copy in range(len(quat_w)):
        add_object(spec, object_spec, f"{copy}_")
    try:
        model = spec.compile()
    except (ValueError, mujoco.FatalError) as error:
        raise PhysicsError(f"{object_spec.name} cannot be drawn: {error}") from error
    data = mujoco.MjData(model)
    points = _set_down(object_spec, np.asarray(quat_w, dtype=float), data)
    mujoco.mj_kinematics(model, data)
    mujoco.mj_camlight(model, data)
    aim = 0.5 * (points.min(axis=0) + points.max(axis=0))
    # The narrower of the two angles of view must hold what is farthest from the aim.
    half = np.arctan(np.tan(np.deg2rad(0.5 * VIEW)) * min(1.0, width / height))
    distance = 0.01 + np.linalg.norm(points - aim, axis=1).max() / np.sin(half)
    if len(quat_w) > 1:
        distance *= height / width * 1.25
    canvas = Canvas(model, width, height)
    try:
        return canvas.draw(data, aim, float(distance), caption)
    finally:
        canvas.close()


def _set_down(object_spec: ObjectSpec, quat_w: np.ndarray, data: mujoco.MjData) -> np.ndarray:
    """Place the copies in a row across the view, long sides seen; all their corners (M, 3) [m]."""
    corners, across = torch.from_numpy(object_spec.mesh.vertices), _direction(_ACROSS)
    turned = [_turned(corners, quat) for quat in torch.from_numpy(quat_w)]
    step = _GAP * max(float(np.ptp(points @ across)) for _, points in turned)
    placed = []
    for copy, (quat, points) in enumerate(turned):
        pos = copy * step * across - points.min(axis=0) * [0, 0, 1]
        data.mocap_pos[copy], data.mocap_quat[copy] = pos, quat
        placed.append(points + pos)
    return np.concatenate(placed)


def _turned(corners: Tensor, quat_w: Tensor) -> Tuple[np.ndarray, np.ndarray]:
    """The orientation, turned about the vertical until the long side lies nearly across the view, and the corners."""
    flat = rotations.rotate(quat_w, corners)[:, :2].numpy()
    _, axes = np.linalg.eigh(np.cov(flat.T))
    yaw = math.radians(_ACROSS - _SLANT) - math.atan2(axes[1, 1], axes[0, 1])
    quat = rotations.multiply(
        rotations.from_axis_angle(quat_w.new_tensor([0.0, 0.0, 1.0]), quat_w.new_tensor(yaw)), quat_w
    )
    return quat.numpy(), rotations.rotate(quat, corners).numpy()


def _direction(degrees: float) -> np.ndarray:
    return np.array([math.cos(math.radians(degrees)), math.sin(math.radians(degrees)), 0.0])
