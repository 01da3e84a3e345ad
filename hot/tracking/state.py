"""One instant of the task as a value: what is, what should be, and how far apart they are."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from hot import rotations
from hot.physics import State
from hot.tracking.reference import Now


@dataclass(frozen=True)
class TrackingState:
    """Simulated and reference quantities of all worlds at the same instant. Every term is a function of this."""

    sim: State
    ref: Now
    points_w: Tensor  # (N, P, 3) object surface points where they are
    object_error: Tensor  # (N,) mean distance of the surface points to their reference [m]
    turn_error: Tensor  # (N,) geodesic angle between object orientations [rad]
    hand_error: Tensor  # (N,) mean distance of the key bodies to their reference [m]
    label: Tensor  # (N,) skill label of the clip


def compare(sim: State, ref: Now, points_o: Tensor, label: Tensor, counted: int) -> TrackingState:
    """Measure simulated against reference quantities.

    Args:
        points_o: surface points (N, P, 3), object frame [m].
        label: skill labels (N,).
        counted: how many of the points the object error is a mean over.
    """
    points_w = place_points(points_o, sim.object_pos_w, sim.object_quat_w)
    wanted_w = place_points(points_o[:, :counted], ref.object_pos_w, ref.object_quat_w)
    return TrackingState(
        sim=sim,
        ref=ref,
        points_w=points_w,
        object_error=(points_w[:, :counted] - wanted_w).norm(dim=-1).mean(-1),
        turn_error=rotations.angle_between(sim.object_quat_w, ref.object_quat_w),
        hand_error=(sim.key_pos_w - ref.key_pos_w).norm(dim=-1).mean(-1),
        label=label,
    )


def place_points(points_o: Tensor, pos_w: Tensor, quat_w: Tensor) -> Tensor:
    """Object-frame points (N, P, 3) in the world, by one matrix product for all points of a world."""
    return torch.baddbmm(pos_w[:, None], points_o, rotations.to_matrix(quat_w).transpose(1, 2))
