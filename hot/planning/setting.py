"""Everything that the planners of one hand and object draw on, on one device."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Tuple, Union

import torch
from torch import Tensor

from hot import rotations
from hot.hands import HandSpec
from hot.objects import ObjectSpec
from hot.planning.config import PlanningConfig
from hot.planning.draws import Draws
from hot.synthesis.clearance import Clearance
from hot.synthesis.distance import DistanceField
from hot.synthesis.grasps import Grasps, load_grasps
from hot.synthesis.resting import RestingPoses, load_resting
from hot.synthesis.transforms import Transform

SPLITS = ("train", "test")


@dataclass(frozen=True, eq=False)
class Setting:
    """One hand and object, the grasps of one split, and a stream of random numbers."""

    hand: HandSpec
    object_spec: ObjectSpec
    grasps: Grasps
    """All of the library; ``rows`` are those of the split."""
    rows: Tensor  # (R,) int64
    resting: RestingPoses
    field: DistanceField
    clearance: Clearance
    config: PlanningConfig
    draws: Draws

    @property
    def device(self) -> torch.device:
        """Of all tensors."""
        return self.rows.device

    def places(self, count: int) -> Tensor:
        """Points (count, 3) [m] anywhere in the work space."""
        config = self.config
        low = torch.tensor([-config.reach, -config.reach, config.low], device=self.device)
        high = torch.tensor([config.reach, config.reach, config.high], device=self.device)
        return low + (high - low) * self.draws.uniform(count, 3)

    def on_table(self, rest: Tensor) -> Transform:
        """Objects in resting poses (N,) anywhere on the table, turned anyhow about the vertical."""
        yaw, spot = self.yaws(len(rest)), self.spots(len(rest))
        turn = rotations.from_axis_angle(yaw.new_tensor([0.0, 0.0, 1.0]), yaw)
        pos = torch.cat([spot, self.resting.height[rest][:, None]], dim=-1)
        return pos, rotations.multiply(turn, self.resting.quat_w[rest])

    def yaws(self, count: int) -> Tensor:
        """Angles (count,) [rad]."""
        return self.draws.uniform(count, high=2 * math.pi)

    def spots(self, count: int) -> Tensor:
        """Places (count, 2) [m] on the table."""
        return self.config.reach * self.draws.uniform(count, 2, low=-1.0)


def make_setting(
    hand: HandSpec,
    object_spec: ObjectSpec,
    config: PlanningConfig,
    split: str,
    seed: int,
    device: Union[str, torch.device] = "cpu",
) -> Setting:
    """The setting of a split: "test" has every ``held_out``-th grasp, "train" the others.

    Raises:
        BadFileError: no grasps or resting poses of this hand and object.
    """
    where = torch.device(device)
    grasps = load_grasps(hand.name, object_spec.name).to(where)
    field, clearance = _geometry(hand, object_spec, str(where))
    held_out = torch.arange(len(grasps), device=where) % config.held_out == 0
    return Setting(
        hand=hand,
        object_spec=object_spec,
        grasps=grasps,
        rows=(held_out if split == "test" else ~held_out).nonzero()[:, 0],
        resting=load_resting(object_spec.name).to(where),
        field=field,
        clearance=clearance,
        config=config,
        draws=Draws(seed, where),
    )


@lru_cache(maxsize=4)
def _geometry(hand: HandSpec, object_spec: ObjectSpec, device: str) -> Tuple[DistanceField, Clearance]:
    """Kept from skill to skill: to lay the distance on a grid takes about a second."""
    field = DistanceField(object_spec, device)
    return field, Clearance(hand, object_spec, device, field)
