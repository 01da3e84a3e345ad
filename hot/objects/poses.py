"""How an object lies on the table: standing, lying, or neither."""

from __future__ import annotations

import math
from typing import Optional, Tuple

import numpy as np
import torch
from torch import Tensor

from hot import rotations
from hot.objects.spec import ObjectSpec

STANDING, LYING, ODD, ANY = "standing", "lying", "odd", "any"
_LONG = 1.2
"""Longest over second longest extent from which an object has a long axis."""
_STANDING_BELOW, _LYING_ABOVE = 30.0, 60.0
"""Angle between long axis and vertical [deg]."""


def long_axis(object_spec: ObjectSpec) -> Optional[Tensor]:
    """Unit axis (3,) float32 in the object frame along which the object is longest; None where two are alike.

    Extents are the edges of the cuboid of the same mass and inertia, which do not depend on the choice of axes where
    the moments are equal. A body of revolution's axis is among the principal ones.
    """
    moments, axes = np.linalg.eigh(object_spec.inertia)
    spread = np.sqrt(np.maximum(0.5 * moments.sum() - moments, 0.0))  # ascending moments: descending spread
    return torch.from_numpy(axes[:, 0]).float() if spread[0] >= _LONG * spread[1] else None


def tilt(object_spec: ObjectSpec, quat_w: Tensor) -> Optional[Tensor]:
    """Angle (...) in [0, 90] deg between the long axis and the vertical at orientations (..., 4); None without one."""
    axis = long_axis(object_spec)
    if axis is None:
        return None
    upright = rotations.rotate(quat_w, axis.to(quat_w))[..., 2].abs()
    return torch.rad2deg(torch.acos(upright.clamp(max=1.0)))


def resting_classes(object_spec: ObjectSpec, quat_w: Tensor) -> Tuple[str, ...]:
    """Class of each orientation (N, 4) on the table; either end up counts as standing, and without a long axis all
    are of one class."""
    angle = tilt(object_spec, quat_w)
    if angle is None:
        return (ANY,) * len(quat_w)
    return tuple(_class_of(degrees) for degrees in angle.tolist())


def _class_of(degrees: float) -> str:
    if math.isnan(degrees):
        return ODD
    return STANDING if degrees < _STANDING_BELOW else LYING if degrees > _LYING_ABOVE else ODD
