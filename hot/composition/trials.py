"""Which tosses physics can do blindly: thrown up and caught again by open loop, each way out of the hand once.

A grasp whose fingers let go of an object without turning it need not be one that holds it well, and no geometry tells:
it is tried, as libraries try their grasps over the table.
"""

from __future__ import annotations

import logging

import torch
from torch import Tensor

from hot.composition.toss_paths import leaving, toss_up, upward
from hot.errors import MissingDependencyError
from hot.hands import HandSpec
from hot.physics import CONTROL_DT
from hot.planning.exits import Exits
from hot.planning.setting import Setting
from hot.progress import Progress, silent
from hot.synthesis.config import JUDGING_PHYSICS
from hot.synthesis.pickup import replay, wrist_joints
from hot.synthesis.worlds import Worlds
from hot.tracking.actions import wrist_lead

_LOG = logging.getLogger(__name__)
_AT_ONCE = 256
"""Most hands that toss at once."""


class Trials:
    """What became of the ways out of the hand that have been tried so far.

    A toss does not depend on where it takes place or on when the way is tried: straight up from the middle of the work
    space, on MuJoCo C. Where that is not installed all ways are taken, with a warning.
    """

    def __init__(self, setting: Setting, exits: Exits, progress: Progress = silent) -> None:
        self._setting, self._exits, self._progress = setting, exits, progress
        self._worlds = Worlds(setting.hand, setting.object_spec, JUDGING_PHYSICS, _AT_ONCE)
        self._tried = torch.full_like(exits.grasp, not setting.config.toss_up.tried, dtype=torch.bool)
        self.lost = torch.zeros_like(self._tried)
        """Ways (E,) that were tried and by which the object did not come to rest in the hand where it should."""

    def able(self) -> Tensor:
        """Grasps (G,) bool that have a way which was not tried, or by which the object was caught."""
        able = torch.zeros(len(self._setting.grasps), dtype=torch.bool, device=self.lost.device)
        able[self._exits.grasp[~self.lost]] = True
        return able

    def forgive(self) -> None:
        """Take every way from now on: where none that physics catches by serves a script, others are better."""
        _LOG.warning("no toss that the script needs is caught by open loop; it is planned with such as are lost")
        self._tried[:], self.lost[:] = True, False

    def try_out(self, rows: Tensor) -> None:
        """Try those of some ways (n,) that have not been tried."""
        rows = rows[~self._tried[rows]].unique()
        if not len(rows):
            return
        try:
            self.lost[rows] = ~self._caught(self._exits.select(rows)).to(rows.device)
        except MissingDependencyError as error:
            _LOG.warning("tosses were not tried in physics: %s", error)
            rows = torch.arange(len(self._tried), device=rows.device)
        finally:
            self._worlds.free()
        self._tried[rows] = True
        self._progress("trying tosses", int(self._tried.sum()), len(self._tried), {"lost": float(self.lost.sum())})

    def _caught(self, exits: Exits) -> Tensor:
        """By which ways (n,) the object ends in the hand where it should."""
        setting, config, count = self._setting, self._setting.config.toss_up, len(exits.grasp)
        place = exits.direction_h.new_tensor([0.0, 0.0, sum(config.height) / 2]).expand(count, 3)
        straight = place.new_tensor([0.0, 0.0, 1.0]).expand(count, 3)
        release = upward(config, place, torch.zeros_like(place[:, :2]))
        quat = leaving(setting, exits, straight, torch.zeros_like(place[:, 0]))
        paths = toss_up(setting, exits, release, quat).paths
        wrist = wrist_joints(paths)
        return replay(paths, wrist, _targets(setting.hand, wrist), self._worlds)


def _targets(hand: HandSpec, wrist: Tensor) -> Tensor:
    """Targets (N, T, 6) of wrist joints (N, T, 6) as open loop gives them in tracking: at the speed of a throw the half
    step that slower paths need not know is 2 cm."""
    return wrist + wrist_lead(hand).to(wrist) * torch.gradient(wrist, spacing=CONTROL_DT, dim=1)[0]
