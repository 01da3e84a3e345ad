"""Keyframes: hand and object at one instant, and what a grasp makes of an object's pose."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from hot.synthesis.grasps import Grasps
from hot.synthesis.paths import Paths
from hot.synthesis.transforms import Transform, compose


@dataclass(frozen=True, eq=False)
class Keyframe:
    """N hands and objects at one instant."""

    wrist: Transform  # (N, 3) [m], (N, 4) in the world
    object: Transform  # (N, 3) [m], (N, 4) in the world
    fingers: Tensor  # (N, J) [rad]
    command: Tensor  # (N, J) targets that hold the object; the fingers where nothing is held


def held(grasps: Grasps, rows: Tensor, object_w: Transform) -> Keyframe:
    """Objects (N,) held by grasps ``rows`` (N,)."""
    inner = grasps.wrist_pos_o[rows], grasps.wrist_quat_o[rows]
    return Keyframe(compose(object_w, inner), object_w, grasps.fingers[rows], grasps.command[rows])


def keyframe(paths: Paths, frame: int) -> Keyframe:
    """One frame of paths of equal length, such as -1."""
    return Keyframe(
        (paths.wrist_pos_w[:, frame], paths.wrist_quat_w[:, frame]),
        (paths.object_pos_w[:, frame], paths.object_quat_w[:, frame]),
        paths.fingers[:, frame],
        paths.command[:, frame],
    )
