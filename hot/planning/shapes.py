"""Hands as shapes: what fingers alone decide is computed once for all the frames in which they stay as they are."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from hot import rotations
from hot.hands import BodyPoses, Kinematics

_WRIST = 6
_CHUNKS = {"cpu": 8192, "cuda": 131072}
"""Frames at once: what fits a CPU's caches, and what keeps a GPU busy."""


@dataclass(frozen=True, eq=False)
class Shapes:
    """S frames of fingers as U shapes."""

    fingers: Tensor  # (U, J) [rad]
    number: Tensor  # (S,) int64: the shape of each frame

    def poses(self, kinematics: Kinematics, rows: slice) -> BodyPoses:
        """Bodies of some of the shapes, in the wrist's frame."""
        fingers = self.fingers[rows]
        return kinematics.forward(torch.cat([fingers.new_zeros(len(fingers), _WRIST), fingers], dim=-1))


def shapes_of(fingers: Tensor) -> Shapes:
    """Shapes of frames (S, J), alike ones next to each other counted once."""
    fresh = torch.ones(len(fingers), dtype=torch.bool, device=fingers.device)
    fresh[1:] = (fingers[1:] != fingers[:-1]).any(-1)
    return Shapes(fingers[fresh], fresh.cumsum(0) - 1)


def key_points(kinematics: Kinematics, wrist_pos: Tensor, wrist_quat: Tensor, fingers: Tensor) -> Tensor:
    """World positions of the key bodies (S, K, 3) [m] of frames (S, ...)."""
    shapes, chunk = shapes_of(fingers), _CHUNKS[fingers.device.type]
    parts = [shapes.poses(kinematics, slice(i, i + chunk)) for i in range(0, len(shapes.fingers), chunk)]
    points_h = torch.cat([kinematics.key_points(part) for part in parts])
    turn = rotations.to_matrix(wrist_quat).transpose(-1, -2)
    return points_h[shapes.number] @ turn + wrist_pos[:, None]


def lowest(kinematics: Kinematics, wrist_pos: Tensor, wrist_quat: Tensor, fingers: Tensor) -> Tensor:
    """Height (S,) [m] of the lowest collider point in each frame (S, ...)."""
    heights = []
    up = rotations.rotate_inverse(wrist_quat, wrist_quat.new_tensor([0.0, 0.0, 1.0]))
    for rows in torch.arange(len(fingers), device=fingers.device).split(_CHUNKS[fingers.device.type]):
        shapes = shapes_of(fingers[rows])
        points_h = kinematics.collider_points(shapes.poses(kinematics, slice(None)))
        heights.append((points_h[shapes.number] @ up[rows, :, None])[..., 0].amin(-1) + wrist_pos[rows, 2])
    return torch.cat(heights) if heights else wrist_pos[:, 2]
