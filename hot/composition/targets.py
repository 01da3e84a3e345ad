"""What a script's targets mean: grasps, resting poses, places and turns."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Sequence, Tuple, Union

import torch
from torch import Tensor

from hot import rotations
from hot.composition.repertoire import Repertoire
from hot.errors import ConfigError, UnknownNameError
from hot.hands import HandSpec
from hot.objects import resting_classes
from hot.planning.setting import Setting
from hot.synthesis.closed_hands import close_hands
from hot.synthesis.pads import PALM, TIP, Pads, find_pads
from hot.synthesis.transforms import Transform

RANDOM = "random"
_SHAPES = 16
"""Closed hands from which the pads' kinds are found; they do not depend on how many."""


def grasps_meant(repertoire: Repertoire, target: Union[int, str]) -> Tensor:
    """Grasps (G,) bool of the library's own that a script's target allows.

    Raises:
        ConfigError: the library has no such grasp, or the split has none.
    """
    own, setting = repertoire.own, repertoire.setting
    if target == RANDOM:
        return own
    if isinstance(target, str):
        chosen = own & (_families(repertoire) == FAMILIES.index(target))
        if not bool(chosen.any()):
            raise ConfigError(f"no {target} grasp of {setting.object_spec.name} by {setting.hand.name} in this split")
        return chosen
    number = torch.arange(len(own), device=own.device)
    if not bool((own & (number == target)).any()):
        listed = ", ".join(map(str, number[own].tolist()))
        raise ConfigError(f"grasp {target} is not among this split's of {setting.object_spec.name}: {listed}")
    return number == target


FAMILIES = ("pinch", "power", "palm")


def _families(repertoire: Repertoire) -> Tensor:
    """Of each grasp (G,), by what touches: the palm; else whole fingers; else nothing but fingertips."""
    pads, contact = _pads(repertoire.setting.hand), repertoire.setting.grasps.contact.cpu()
    palm = (contact & (pads.kind == PALM)).any(1)
    whole = (contact & (pads.kind != TIP)).any(1)
    return torch.where(palm, 2, torch.where(whole, 1, 0)).to(repertoire.own.device)


@lru_cache(maxsize=4)
def _pads(hand: HandSpec) -> Pads:
    return find_pads(hand, close_hands(hand, _SHAPES, torch.Generator().manual_seed(0)))


def rests_meant(setting: Setting, target: Union[int, str]) -> Tensor:
    """Resting poses (R,) bool that a script's target allows.

    Raises:
        ConfigError: the object has no such pose.
        UnknownNameError: or none of such a class.
    """
    count, name = len(setting.resting), setting.object_spec.name
    classes = resting_classes(setting.object_spec, setting.resting.quat_w)
    if target == RANDOM:
        return torch.ones(count, dtype=torch.bool, device=setting.device)
    if isinstance(target, int):
        if target >= count:
            raise ConfigError(f"{name} has {count} resting poses, numbered from 0; there is no {target}")
        chosen = [number == target for number in range(count)]
    else:
        chosen = [each == target for each in classes]
        if not any(chosen):
            raise UnknownNameError(f"resting pose of {name}", target, sorted(set(classes)))
    return torch.tensor(chosen, device=setting.device)


def lying_at(
    setting: Setting, rest: Tensor, at: Union[str, Sequence[float]], yaw: Union[str, float]
) -> Tuple[Transform, Tensor]:
    """Objects (N,) in resting poses where a script wants them, and their turns about the vertical (N,) [rad]."""
    count, device = len(rest), setting.device
    spot = setting.spots(count) if isinstance(at, str) else torch.tensor(at, device=device).expand(count, 2)
    turn = setting.yaws(count) if isinstance(yaw, str) else torch.full((count,), math.radians(yaw), device=device)
    pos = torch.cat([spot, setting.resting.height[rest][:, None]], dim=-1)
    about = rotations.from_axis_angle(turn.new_tensor([0.0, 0.0, 1.0]), turn)
    return (pos, rotations.multiply(about, setting.resting.quat_w[rest])), turn


def yaw_of(setting: Setting, rest: Tensor, quat_w: Tensor) -> Tensor:
    """Turn (N,) [rad] about the vertical of objects that lie in resting poses."""
    turn = rotations.multiply(quat_w, rotations.conjugate(setting.resting.quat_w[rest]))
    return 2.0 * torch.atan2(turn[:, 3], turn[:, 0])


def turned_by(degrees: Sequence[float], like: Tensor) -> Tensor:
    """The rotation (4,) of a rotation vector in degrees."""
    return rotations.from_vector(torch.deg2rad(like.new_tensor(list(degrees))))


def choose(setting: Setting, allowed: Tensor) -> Tuple[Tensor, Tensor]:
    """One of the allowed (N, E) for each of N at random, and for which there is none (N,) bool."""
    if not allowed.shape[1]:
        nothing = torch.ones(len(allowed), dtype=torch.bool, device=allowed.device)
        return torch.zeros(len(allowed), dtype=torch.long, device=allowed.device), nothing
    chance = setting.draws.uniform(*allowed.shape)
    return torch.where(allowed, chance, torch.full_like(chance, -1.0)).argmax(1), ~allowed.any(1)
