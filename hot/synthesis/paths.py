"""Planned paths of wrist, fingers and object."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Optional, Tuple, Union

import torch
from torch import Tensor

from hot import rotations
from hot.motions.hinges import continuous_hinges
from hot.physics import CONTROL_DT


@dataclass(frozen=True, eq=False)
class Paths:
    """N paths, padded to T frames."""

    wrist_pos_w: Tensor  # (N, T, 3) [m]
    wrist_quat_w: Tensor  # (N, T, 4)
    fingers: Tensor  # (N, T, J) [rad]
    command: Tensor  # (N, T, J) finger targets [rad]
    object_pos_w: Tensor  # (N, T, 3) [m]
    object_quat_w: Tensor  # (N, T, 4)
    contact: Tensor  # (N, T) int8
    length: Tensor  # (N,) frames that count
    grasp: Tensor  # (N,) number of the grasp, -1 none
    rest: Tensor  # (N,) number of the resting pose, -1 none

    def select(self, rows: Union[Tensor, slice]) -> Paths:
        """Some of the paths, by mask, index or slice."""
        return Paths(*(getattr(self, f.name)[rows] for f in fields(self)))


def hinge_angles(paths: Paths, begin: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
    """Wrist hinges (N, T, 3) [rad] without jumps, and the fastest of each path (N,) [rad/s].

    Args:
        begin: the hinges (N, 3) of the first frame where they are wound already; else they lie within half a turn.
    """
    angles = rotations.to_euler(paths.wrist_quat_w)
    angles = continuous_hinges(angles if begin is None else torch.cat([begin[:, None], angles[:, 1:]], dim=1))
    steps = angles.diff(dim=1).abs().amax(-1)  # (N, T - 1)
    counts = torch.arange(1, angles.shape[1], device=steps.device) < paths.length[:, None]
    return angles, (steps * counts).amax(1) / CONTROL_DT
