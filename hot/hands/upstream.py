"""The drives that the original release gave its hands, for policies that were trained with them."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, NamedTuple, Tuple

import torch

from hot.errors import UnknownNameError
from hot.hands.spec import HandSpec


class _Drives(NamedTuple):
    classes: Tuple[str, ...]
    """Of the joints, in the order of the hand's."""
    gains: Dict[str, Tuple[float, float]]
    """Stiffness [N/m, Nm/rad] and damping [Ns/m, Nms/rad] of each class."""


_WRIST = ("wrist",) * 6
_STIFF = {"wrist": (250.0, 45.0), "mcp": (180.0, 25.0), "pip": (100.0, 18.0), "dip": (50.0, 12.0)}
_FINGER = ("mcp", "pip", "dip", "dip")
_DRIVES = {
    "mano": _Drives(
        (*_WRIST, *(5 * (("mcp",) * 3 + ("pip",) * 3 + ("dip",) * 3))),
        {"wrist": (250.0, 100.0), "mcp": (180.0, 35.0), "pip": (120.0, 25.0), "dip": (80.0, 18.0)},
    ),
    "shadow": _Drives((*_WRIST, *(3 * _FINGER), "mcp", *_FINGER, "mcp", *_FINGER), _STIFF),
    "allegro": _Drives((*_WRIST, *(4 * ("mcp", "mcp", "pip", "dip"))), _STIFF),
}
"""As upstream's MJCF files list them, which attach classes by an attribute that MJCF does not have."""


def upstream_hands() -> Tuple[str, ...]:
    """Names of the hands that the original release has."""
    return tuple(_DRIVES)


def with_upstream_drives(hand: HandSpec, by_class: bool = False) -> HandSpec:
    """The hand as the original release drives it: stiff, heavily damped, without any limit, and with its weight.

    Isaac Gym's importer most likely gave every joint the wrist's gains, because it knows no ``dclass``; so does this.
    ``by_class`` takes the gains that the files meant.

    Raises:
        UnknownNameError: the original release has no such hand.
    """
    if hand.name not in _DRIVES:
        raise UnknownNameError("hand of the original release", hand.name, _DRIVES)
    classes, gains = _DRIVES[hand.name]
    rows = [gains[kind if by_class else "wrist"] for kind in classes]
    stiffness, damping = torch.tensor(rows).unbind(1)
    unlimited = torch.full_like(stiffness, float("inf"))
    return replace(hand, stiffness=stiffness, damping=damping, force_limit=unlimited, own_drives=False)
