"""Pictures of a hand alone, posed side by side."""
# pyright: reportAttributeAccessIssue=false
# MuJoCo ships no type stubs.

from __future__ import annotations

from typing import Sequence, Tuple

import mujoco
import numpy as np
import torch

from hot import rotations
from hot.hands import HandSpec
from hot.physics.canvas import AZIMUTH, ELEVATION, Canvas, begin_picture
from hot.physics.render import add_hand

_SIZE = 480
_HEIGHT = 0.6
"""Of the palm over the floor [m]."""
_NEAREST, _DISTANCE = 0.05, 2.9
"""Of the camera: [m], and in radii of the hand."""


def draw_hand(hand: HandSpec, postures: Sequence[np.ndarray]) -> np.ndarray:
    """One picture (480, 480 n, 3) uint8 of a hand in n finger postures (D - 6,) [rad]: palm to the viewer, fingers up.

    Raises:
        MissingDependencyError: neither EGL nor OSMesa is installed.
    """
    spec = begin_picture(_SIZE, _SIZE)
    add_hand(spec, hand, "hand_")
    model = spec.compile()
    data, canvas = mujoco.MjData(model), Canvas(model, _SIZE, _SIZE)
    try:
        poses = [np.concatenate([[0.0, 0.0, _HEIGHT], _facing(hand), fingers]) for fingers in postures]
        spheres = [_spheres(data, pose) for pose in poses]
        middles = [0.5 * (centres.min(axis=0) + centres.max(axis=0)) for centres, _ in spheres]
        reach = max((np.linalg.norm(c - m, axis=1) + r).max() for (c, r), m in zip(spheres, middles))
        pictures = []
        for pose, middle in zip(poses, middles):
            _spheres(data, pose)
            pictures.append(canvas.draw(data, middle, _NEAREST + _DISTANCE * reach, ""))
        return np.concatenate(pictures, axis=1)
    finally:
        canvas.close()


def _spheres(data: mujoco.MjData, pose: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Pose the hand; centres (G, 3) and radii (G,) [m] of spheres about its shapes (the floor is the first geom)."""
    data.qpos[:] = pose
    mujoco.mj_kinematics(data.model, data)
    mujoco.mj_camlight(data.model, data)
    return data.geom_xpos[1:].copy(), data.model.geom_rbound[1:]


def _facing(hand: HandSpec) -> np.ndarray:
    """Wrist hinges (3,) [rad] that turn the palm to the camera with the fingers up."""
    azimuth, elevation = np.deg2rad(AZIMUTH), np.deg2rad(ELEVATION)
    back = -np.array([np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation)])
    up = np.array([0.0, 0.0, 1.0]) - back[2] * back
    up /= np.linalg.norm(up)
    seen = rotations.from_matrix(torch.tensor(np.stack([up, np.cross(back, up), back], axis=1)))
    wrist = rotations.multiply(seen, rotations.conjugate(hand.palm_quat_h.double()))
    return rotations.to_euler(wrist).numpy()
