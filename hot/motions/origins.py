"""Object poses of frames other than the centre of mass's, as files of other projects give them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from hot import rotations
from hot.motions.clips import Motions
from hot.motions.velocities import linear_velocity


def moved_along(motions: Motions, offset_o: np.ndarray) -> Motions:
    """The clips with each object's position moved by an offset (3,) [m] in the object's own frame.

    The object's velocity is that of the new point: it gains what the object's turning adds.
    """
    offset_w = rotations.rotate(motions.object_quat_w, torch.as_tensor(offset_o).to(motions.object_quat_w))
    gained = linear_velocity(offset_w, motions.clip_start, motions.fps)
    return replace(
        motions,
        object_pos_w=motions.object_pos_w + offset_w,
        object_linvel_w=motions.object_linvel_w + gained,
    )
