"""Where a hand touches an object."""

from __future__ import annotations

from typing import Dict

import torch
from torch import Tensor

from hot.hands import HandSpec, Kinematics
from hot.synthesis.closed_hands import close_hands
from hot.synthesis.distance import DistanceField
from hot.synthesis.pads import Pads, find_pads

_SHAPES = 512
_SEED = 1
_NEAR = 0.004
"""A pad nearer to the surface touches it [m]: pads are single points of links that are round or flat."""


def pads_of(hand: HandSpec) -> Pads:
    """The pads by which a library's contacts are numbered: the same on every call."""
    return find_pads(hand, close_hands(hand, _SHAPES, torch.Generator().manual_seed(_SEED)))


def touches(hand: HandSpec, pads: Pads, field: DistanceField, joints: Tensor) -> Dict[str, Tensor]:
    """Contacts of hands (G, D) whose wrists are in the object's frame, as a library of grasps names them."""
    places, _ = pads.to(joints.device).placed(Kinematics(hand, joints.device).forward(joints))
    distance, normal = field.at(places)
    return {"contact": distance.abs() < _NEAR, "contact_pos_o": places, "contact_normal_o": normal}
