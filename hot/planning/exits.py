"""Ways in which an object can leave a hand that opens, found once and used by every throw and, backwards, catch."""

from __future__ import annotations

import logging
from dataclasses import dataclass, fields
from typing import Tuple

import torch
from torch import Tensor

from hot import rotations
from hot.errors import HotError
from hot.physics import CONTROL_DT
from hot.planning.checks import contact, pace
from hot.planning.config import TossConfig
from hot.planning.keyframes import Keyframe, held, keyframe
from hot.planning.setting import Setting
from hot.planning.transitions import FREE, UNSURE, chain, piece, shares
from hot.synthesis.paths import Paths
from hot.synthesis.timeline import smooth

_LOG = logging.getLogger(__name__)
_OPENINGS = (0.3, 0.45, 0.6, 0.8, 1.0)
"""Shares of the way from the grasp to the open hand to which the fingers may open, the tightest first."""
_DIRECTIONS = 8
"""Directions tried for each grasp."""


@dataclass(frozen=True, eq=False)
class Exits:
    """E ways out of a hand."""

    grasp: Tensor  # (E,) int64
    direction_h: Tensor  # (E, 3) in which the object leaves, in the wrist's frame
    opened: Tensor  # (E, J) finger joints of the opened hand [rad]

    def select(self, rows: Tensor) -> Exits:
        """Some of them, by mask or index."""
        return Exits(*(getattr(self, f.name)[rows] for f in fields(self)))


def find_exits(setting: Setting, config: TossConfig) -> Exits:
    """Exits of the split's grasps, with the tightest opening that lets the object out without touching it.

    Raises:
        HotError: there is none.
    """
    axis = rotations.rotate(setting.hand.palm_quat_h, torch.tensor([0.0, 0.0, 1.0])).to(setting.device)
    grasp = setting.rows.repeat_interleave(_DIRECTIONS)
    direction = setting.draws.cone(axis.expand(len(grasp), 3), config.exit_cone)
    closed = setting.grasps.fingers[grasp]
    wide = setting.hand.open_fingers.to(setting.device)
    opened, done = closed.clone(), torch.zeros(len(grasp), dtype=torch.bool, device=setting.device)
    for share in _OPENINGS:
        rows = (~done).nonzero()[:, 0]
        if not len(rows):
            break
        tried = Exits(grasp[rows], direction[rows], closed[rows] + share * (wide - closed[rows]))
        fits = _clear(setting, config, tried)
        opened[rows[fits]], done[rows[fits]] = tried.opened[fits], True
    found = Exits(grasp, direction, opened).select(done)
    _LOG.info("%d of %d ways out of the hand are free", len(found.grasp), len(grasp))
    if not len(found.grasp):
        raise HotError(f"no grasp of {setting.object_spec.name} by {setting.hand.name} lets the object go by itself")
    return found


def _clear(setting: Setting, config: TossConfig, exits: Exits) -> Tensor:
    """Which exits (E,) neither touch where they must not, nor overlap too much, nor open too fast."""
    count = len(exits.grasp)
    high = torch.tensor([0.0, 0.0, 1.0], device=setting.device).expand(count, 3)  # far from any table
    upright = torch.tensor([1.0, 0.0, 0.0, 0.0], device=setting.device).expand(count, 4)
    start = held(setting.grasps, exits.grasp, (high, upright))
    paths = let_go(config, start, exits)
    broken = {
        **contact(setting, paths, frames=range(paths.contact.shape[1])),
        "finger speed": pace(setting, paths)["finger speed"],
    }
    return ~torch.stack(list(broken.values())).any(0)


def let_go(config: TossConfig, start: Keyframe, exits: Exits) -> Paths:
    """The fingers open, then the hand falls back from the object, which stays where it is.

    This is what happens in the frame that falls freely with the object; where that frame goes is the caller's business.
    """
    count, device = len(exits.grasp), start.fingers.device
    share, grip = _opening(config, count, device)
    fingers = torch.lerp(start.fingers[:, None], exits.opened[:, None], share[..., None])
    command = fingers + grip[..., None] * (start.command - start.fingers)[:, None]
    opening = piece(start, config.open_frames, UNSURE, fingers=fingers, command=command)
    opened = keyframe(opening, -1)
    time = CONTROL_DT * torch.arange(1, config.part_frames + 1, device=device)
    direction = rotations.rotate(start.wrist[1], exits.direction_h)
    back = 0.5 * config.part_acceleration * time[:, None] ** 2 * direction[:, None]
    label = torch.tensor([UNSURE] * config.unsure_frames + [FREE] * (config.part_frames - config.unsure_frames))
    wrist = start.wrist[0][:, None] - back, start.wrist[1][:, None].expand(count, len(time), 4)
    parting = piece(
        opened, config.part_frames, label, wrist=wrist, fingers=opened.fingers[:, None].expand(-1, len(time), -1)
    )
    return chain([opening, parting])


def _opening(config: TossConfig, count: int, device: torch.device) -> Tuple[Tensor, Tensor]:
    """How far the fingers are open, and what share of the grip is left, in each frame (N, T)."""
    time, unload = shares(config.open_frames, count, device), config.unload_frames / config.open_frames
    share = smooth((time - unload) / (1.0 - unload))
    return share, (1.0 - time / unload).clamp_min(0.0) if unload else 1.0 - share
