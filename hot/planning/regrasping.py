"""From one grasp to another of the same library: in the hand where fingers can keep hold, else over the table."""

from __future__ import annotations

import logging
from typing import Dict, Optional

import torch
from torch import Tensor

from hot.errors import HotError
from hot.planning.changing import TableChanger
from hot.planning.checks import contact, pace
from hot.planning.exchanging import find_exchanges
from hot.planning.inhand_paths import first_of, in_hand, place_hands
from hot.planning.keyframes import keyframe
from hot.planning.setting import Setting
from hot.planning.tabletop import pick_evenly
from hot.planning.transitions import HELD, chain, join, shares, wait
from hot.synthesis.paths import Paths

_LOG = logging.getLogger(__name__)
_MANY = 20
"""Edges within the hand from which on they get their full share of the clips."""


class Regrasps:
    """Walks along one edge of the graph whose nodes are the split's grasps: edges within the hand are those of
    :func:`find_exchanges`, edges over the table join grasps that serve the same resting pose."""

    def __init__(self, setting: Setting) -> None:
        self._setting, self._config = setting, setting.config.regrasp
        self._edges, self._table = find_exchanges(setting), self._changer()
        _LOG.info("%d changes within the hand", len(self._edges.start))
        if self._table is None and not len(self._edges.start):
            raise HotError(
                f"no two of the {len(setting.rows)} grasps of {setting.object_spec.name} by {setting.hand.name} can be "
                "exchanged, neither in the hand nor on the table; find more: hot grasps find"
            )

    def draw(self, count: int) -> Paths:
        """Candidates."""
        # A few edges are not repeated for half of the clips.
        share = self._config.in_hand_share * min(1.0, len(self._edges.start) / _MANY)
        inside = 0 if not len(self._edges.start) else count if self._table is None else round(share * count)
        parts = [self._draw_in_hand(inside)] if inside else []
        if count > inside and self._table is not None:
            parts.append(self._draw_on_table(self._table, count - inside))
        order = torch.randperm(count, generator=self._setting.draws.generator).to(self._setting.device)
        return join(parts, count).select(order)

    def refuse(self, paths: Paths) -> Dict[str, Tensor]:
        """Masks (N,) of the paths that break each rule; what happens in the hand, or on the table between two grasps,
        was checked when it was found."""
        long = paths.length > self._config.frames
        held = (paths.contact == HELD).all(1)
        table = contact(self._setting, paths.select(held))["table"]
        low = torch.zeros_like(held)
        low[held] = table
        return {**pace(self._setting, paths), "longer than the clip": long, "table": low}

    def _changer(self) -> Optional[TableChanger]:
        """None where no hand can change its grip on the table."""
        try:
            changer = TableChanger(self._setting)
        except HotError as error:
            _LOG.info("no change of grip on the table: %s", error)
            return None
        return changer if len(changer.changes.first.grasp) else None

    def _draw_in_hand(self, count: int) -> Paths:
        setting, config = self._setting, self._config
        rows = pick_evenly(torch.zeros_like(self._edges.start), self._edges.start, count, setting.draws)
        edges = self._edges.select(rows)
        share = shares(config.change_frames, count, setting.device)
        start, moved = edges.at(torch.zeros_like(share[:, :1])), edges.at(share)
        wrist = place_hands(setting, (start.object_pos_h[:, 0], start.object_quat_h[:, 0]), config.palm_up)
        first = first_of(start, wrist)
        changed = in_hand(first, moved, config.change_frames)
        rest = config.frames - config.still_frames - config.change_frames
        parts = [wait(first, config.still_frames, HELD), changed, wait(keyframe(changed, -1), rest, HELD)]
        return chain(parts, grasp=edges.start)

    def _draw_on_table(self, table: TableChanger, count: int) -> Paths:
        changes, draws = table.changes.first, self._setting.draws
        rows = pick_evenly(changes.rest, changes.grasp, count, draws)
        return table.draw(rows, self._setting.on_table(changes.rest[rows]))
