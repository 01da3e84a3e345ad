"""How different the grasps of a library are."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from hot.config import Config
from hot.hands import HandSpec
from hot.objects import ObjectSpec
from hot.synthesis.grasps import Grasps
from hot.synthesis.transforms import compose

_DIRECTIONS = 32
_BINS = 10
_REACH = 0.01
"""A surface point nearer to a touch is covered [m]."""
_GOLDEN = math.pi * (3.0 - math.sqrt(5.0))


class DiversityReport(Config):
    """Each figure is 0 for a single grasp repeated, or nearly so, and grows towards 1."""

    wrist_spread: float
    """Share of 32 even directions about the object that are the nearest to some grasp's palm."""
    contact_coverage: float
    """Share of the object's surface points within 1 cm of a pad that touches."""
    joint_entropy: float
    """Entropy of the finger joints over tenths of their ranges, relative to the even spread's, mean over joints."""


def diversity(grasps: Grasps, hand: HandSpec, object_spec: ObjectSpec) -> DiversityReport:
    """Figures of a library of G grasps."""
    return DiversityReport(
        wrist_spread=_wrist_spread(grasps, hand),
        contact_coverage=_contact_coverage(grasps, object_spec),
        joint_entropy=_joint_entropy(grasps.fingers, hand.joint_lower[6:], hand.joint_upper[6:]),
    )


def _wrist_spread(grasps: Grasps, hand: HandSpec) -> float:
    palm, _ = compose(grasps.wrist_o, (hand.palm_pos_h, hand.palm_quat_h))
    nearest = (palm @ even_directions(_DIRECTIONS).T).argmax(-1)
    return len(nearest.unique()) / _DIRECTIONS


def even_directions(count: int) -> Tensor:
    """Unit vectors (count, 3) on a Fibonacci spiral over the sphere."""
    number = torch.arange(count, dtype=torch.float32)
    height = 1.0 - (2.0 * number + 1.0) / count
    radius = (1.0 - height**2).sqrt()
    return torch.stack([radius * (_GOLDEN * number).cos(), radius * (_GOLDEN * number).sin(), height], dim=-1)


def _contact_coverage(grasps: Grasps, object_spec: ObjectSpec) -> float:
    touches = grasps.contact_pos_o[grasps.contact]
    if not len(touches):
        return 0.0
    return float((torch.cdist(object_spec.surface_points, touches).amin(1) < _REACH).float().mean())


def _joint_entropy(fingers: Tensor, lower: Tensor, upper: Tensor) -> float:
    """Of joints (G, J) within their ranges (J,)."""
    tenths = ((fingers - lower) / (upper - lower) * _BINS).long().clamp(0, _BINS - 1)
    share = torch.nn.functional.one_hot(tenths, _BINS).float().mean(0)  # (J, bins)
    entropy = -(share * share.clamp_min(1e-12).log()).sum(-1) / math.log(_BINS)
    return float(entropy.mean())
