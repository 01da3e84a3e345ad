"""One instant of the task as a value: what is, what should be, and how far apart they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

import torch
from torch import Tensor

from hot import rotations
from hot.objects import ObjectSpec
from hot.physics import State
from hot.tracking.reference import Now


class SurfacePoints:
    """Surface points of every world's object, ready to be turned by one matrix a world."""

    def __init__(self, objects: Sequence[ObjectSpec], world_object: Tensor, count: int, device: torch.device) -> None:
        self.points_o = torch.stack([spec.surface_points[:count] for spec in objects]).to(device)  # (O, P, 3)
        self._own = self.points_o[world_object.to(device)] if len(objects) > 1 else None  # (N, P, 3)

    def turned(self, matrix: Tensor) -> Tensor:
        """Points as columns (N, 3, P), multiplied by any matrices (N, 3, 3), not only rotations."""
        if self._own is not None:
            return torch.bmm(matrix, self._own.transpose(1, 2))
        # All worlds share the points: one product of tall matrices is far cheaper than one a world.
        return (matrix.reshape(-1, 3) @ self.points_o[0].T).unflatten(0, (-1, 3))


@dataclass(frozen=True)
class TrackingState:
    """Simulated and reference quantities of all worlds at the same instant. Every term is a function of this."""

    sim: State
    ref: Now
    key_delta_w: Tensor  # (N, K, 3) key bodies minus their reference [m]
    object_delta_w: Tensor  # (N, 3) object minus its reference [m]
    object_error: Tensor  # (N,) mean distance of the surface points to their reference [m]
    turn_error: Tensor  # (N,) geodesic angle between object orientations [rad]
    hand_error: Tensor  # (N,) mean distance of the key bodies to their reference [m]
    label: Tensor  # (N,) skill label of the clip, reference.COMPOSED if it is of several


def compare(sim: State, ref: Now, points: SurfacePoints, label: Tensor) -> TrackingState:
    """Measure simulated against reference quantities; ``label`` (N,) are skill labels."""
    key_delta = sim.key_pos_w - ref.key_pos_w
    object_delta = sim.object_pos_w - ref.object_pos_w
    # A point's error is (R - R') p + t - t', so one product does for both poses.
    difference = rotations.to_matrix(sim.object_quat_w) - rotations.to_matrix(ref.object_quat_w)
    point_delta = points.turned(difference) + object_delta[:, :, None]  # (N, 3, P)
    return TrackingState(
        sim=sim,
        ref=ref,
        key_delta_w=key_delta,
        object_delta_w=object_delta,
        object_error=point_delta.square().sum(1).sqrt().mean(1),
        turn_error=rotations.angle_between(sim.object_quat_w, ref.object_quat_w),
        hand_error=key_delta.square().sum(2).sqrt().mean(1),
        label=label,
    )
