"""Ways for a hand to reach a grasp of an object at rest on the table, and the paths of grasp and place along them."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Dict, Optional, Tuple

import torch
from torch import Tensor

from hot import rotations
from hot.errors import HotError
from hot.hands import HandSpec
from hot.objects import ObjectSpec
from hot.synthesis.clearance import Clearance
from hot.synthesis.config import SynthesisConfig
from hot.synthesis.grasps import Grasps
from hot.synthesis.paths import Paths
from hot.synthesis.resting import RestingPoses
from hot.synthesis.timeline import Timeline
from hot.synthesis.transforms import compose

_OPENINGS = (0.3, 0.45, 0.6, 0.8, 1.0)
"""Shares of the way from the grasp to the open hand at which the fingers may wait, the tightest first."""
_CLOSING = 0.5
"""Share of its closing up to which a hand keeps the margin."""
_DIRECTIONS = 64
_KEPT_DIRECTIONS = 6
"""Directions drawn, and tried unless told otherwise, for each grasp and resting pose."""
_UP = (0.0, 0.0, 1.0)


@dataclass(frozen=True, eq=False)
class Approaches:
    """A collision-free ways to grasps of the object in its resting poses, at the origin with zero yaw."""

    grasp: Tensor  # (A,) int64
    rest: Tensor  # (A,) int64
    direction_w: Tensor  # (A, 3) from the grasp to the start of the approach
    opened: Tensor  # (A, J) finger joints of the opened hand [rad]

    def select(self, rows: Tensor) -> Approaches:
        """Some of them, by mask or index."""
        return Approaches(*(getattr(self, f.name)[rows] for f in fields(self)))


class Approacher:
    """Finds approaches of one hand to one object, and turns them into paths, on the grasps' device."""

    def __init__(
        self,
        hand: HandSpec,
        object_spec: ObjectSpec,
        grasps: Grasps,
        resting: RestingPoses,
        config: SynthesisConfig,
        clearance: Optional[Clearance] = None,
    ) -> None:
        self._hand, self._grasps, self._resting, self._config = hand, grasps, resting, config
        self._device = grasps.fingers.device
        self._clearance = clearance or Clearance(hand, object_spec, self._device)
        self._open_fingers = hand.open_fingers.to(self._device)
        self.rejected: Dict[str, int] = {}
        """How many pairs or ways fell to each rule."""

    def find(
        self, pairs: Tensor, timeline: Timeline, generator: torch.Generator, directions: int = _KEPT_DIRECTIONS
    ) -> Approaches:
        """The approaches found for pairs (N, 2) of grasp and resting pose, from some directions each.

        Raises:
            HotError: there is none; the message counts the reasons.
        """
        found = self._turn(self._placed(pairs), generator, directions)
        found = self._open(found, timeline)
        if not len(found.grasp):
            reasons = ", ".join(f"{name}: {count}" for name, count in self.rejected.items())
            raise HotError(
                f"no {self._grasps.hand} can reach {self._grasps.object} on the table with any of "
                f"{len(pairs)} pairs of grasp and resting pose ({reasons or 'no pairs'})"
            )
        return found

    def paths(self, ways: Approaches, timeline: Timeline, yaw: Tensor, xy: Tensor) -> Paths:
        """Paths (N,) with the object turned by yaw (N,) [rad] about the vertical and moved to xy (N, 2) [m]."""
        timeline = timeline.part(slice(None), self._device)
        turn = rotations.from_axis_angle(yaw.new_tensor(_UP), yaw)
        pos, quat = self._rest_pose(ways)
        pos, quat = torch.cat([xy, pos[:, 2:]], dim=-1), rotations.multiply(turn, quat)
        wrist_pos, wrist_quat = compose((pos, quat), self._wrist_o(ways))
        rise = timeline.lifted[:, None] * self._config.lift * yaw.new_tensor(_UP)  # (T, 3)
        back = timeline.away[:, None] * self._config.approach * rotations.rotate(turn, ways.direction_w)[:, None]
        count, frames = len(yaw), len(rise)
        fingers = self._grasps.fingers[ways.grasp][:, None]
        squeeze = self._grasps.command[ways.grasp][:, None] - fingers
        fingers = ways.opened[:, None] + timeline.closed[:, None] * (fingers - ways.opened[:, None])
        return Paths(
            wrist_pos_w=wrist_pos[:, None] + rise + back,
            wrist_quat_w=wrist_quat[:, None].expand(count, frames, 4),
            fingers=fingers,
            command=fingers + timeline.squeeze[:, None] * squeeze,
            object_pos_w=pos[:, None] + rise,
            object_quat_w=quat[:, None].expand(count, frames, 4),
            contact=timeline.contact.expand(count, frames),
            length=torch.full((count,), frames, device=self._device),
            grasp=ways.grasp,
            rest=ways.rest,
        )

    def _rest_pose(self, ways: Approaches) -> Tuple[Tensor, Tensor]:
        height = self._resting.height[ways.rest]
        pos = torch.stack([torch.zeros_like(height), torch.zeros_like(height), height], dim=-1)
        return pos, self._resting.quat_w[ways.rest]

    def _wrist_o(self, ways: Approaches) -> Tuple[Tensor, Tensor]:
        return self._grasps.wrist_pos_o[ways.grasp], self._grasps.wrist_quat_o[ways.grasp]

    def _joints(self, ways: Approaches, fingers: Tensor) -> Tensor:
        pos, quat = compose(self._rest_pose(ways), self._wrist_o(ways))
        return torch.cat([pos, rotations.to_euler(quat), fingers], dim=-1)

    def _keep(self, ways: Approaches, mask: Tensor, reason: str) -> Approaches:
        self.rejected[reason] = self.rejected.get(reason, 0) + int((~mask).sum())
        return ways.select(mask)

    def _placed(self, pairs: Tensor) -> Approaches:
        """Pairs whose held hand is clear of the table, the fingers not opened yet."""
        config, grasp = self._config, pairs[:, 0]
        nowhere = torch.zeros(len(pairs), 3, device=self._device)
        ways = Approaches(grasp, pairs[:, 1], nowhere, self._grasps.fingers[grasp])
        lowest = self._clearance.lowest(self._joints(ways, ways.opened))
        ways = self._keep(ways, lowest > config.table_clearance, "table")
        held = self._clearance.depth(self._joints(ways, ways.opened), *self._rest_pose(ways))
        return self._keep(ways, held <= config.max_penetration, "held too deep")

    def _turn(self, ways: Approaches, generator: torch.Generator, kept: int) -> Approaches:
        """Each way several times, with directions within the cones about the vertical and about the palm's side."""
        cone, count = self._config.approach_cone, len(ways.grasp)
        cosine = 1.0 - (1.0 - math.cos(cone)) * torch.rand(count, _DIRECTIONS, generator=generator)
        angle = 2 * math.pi * torch.rand(count, _DIRECTIONS, generator=generator)
        sine = (1.0 - cosine**2).sqrt()
        directions = torch.stack([sine * angle.cos(), sine * angle.sin(), cosine], dim=-1).to(self._device)
        pos, quat = compose(self._rest_pose(ways), self._wrist_o(ways))
        side = pos + rotations.rotate(quat, self._hand.palm_pos_h.to(self._device)) - self._rest_pose(ways)[0]
        side = side / side.norm(dim=-1, keepdim=True).clamp_min(1e-9)
        inside = (directions * side[:, None]).sum(-1) > math.cos(cone)
        self.rejected["palm does not face down"] = int((~inside.any(1)).sum())
        ranked = inside.float().argsort(dim=1, descending=True, stable=True)[:, :kept]
        rows, columns = inside.gather(1, ranked).nonzero(as_tuple=True)
        chosen = ways.select(rows)
        return Approaches(chosen.grasp, chosen.rest, directions[rows, ranked[rows, columns]], chosen.opened)

    def _open(self, ways: Approaches, timeline: Timeline) -> Approaches:
        """Each way with an opened hand with which it is clear; those without any are left out.

        A hand that comes is as tight as can be, which is a short way to close; one that leaves opens as wide as can be,
        which lets go at once instead of dragging the object along.
        """
        fingers, shut = ways.opened.clone(), torch.arange(len(ways.grasp), device=self._device)
        leaving = float(timeline.away[0]) < float(timeline.away[-1])
        for share in reversed(_OPENINGS) if leaving else _OPENINGS:
            tried = ways.select(shut)
            opened = tried.opened + share * (self._open_fingers - tried.opened)
            clear = self._is_clear(replace(tried, opened=opened), timeline)
            fingers[shut[clear]] = opened[clear]
            shut = shut[~clear]
        done = torch.ones_like(ways.grasp, dtype=torch.bool)
        done[shut] = False
        return self._keep(replace(ways, opened=fingers), done, "collision on the way")

    def _is_clear(self, ways: Approaches, timeline: Timeline) -> Tensor:
        """Whether the hand (N,) stays off table and object, by a margin while it is open, and nowhere too deep."""
        config, count = self._config, len(ways.grasp)
        stages = torch.stack([timeline.closed, timeline.away], dim=1)[timeline.lifted == 0]
        stages = stages.unique_consecutive(dim=0)  # a third of the frames is waiting
        coarse = torch.arange(len(stages), device=stages.device) % config.check_stride == 0
        stages = torch.cat([stages[coarse], stages[~coarse]])  # most that will not do is found by the first of them
        pos, quat = self._rest_pose(ways)
        good = torch.ones(count, dtype=torch.bool, device=self._device)
        grasp_joints = self._joints(ways, self._grasps.fingers[ways.grasp])
        for closed, away in stages.tolist():
            deepest = -config.preshape_margin if closed < _CLOSING else config.max_penetration
            rows = good.nonzero()[:, 0]
            joints = grasp_joints[rows].clone()
            joints[:, :3] += away * config.approach * ways.direction_w[rows]
            joints[:, 6:] = torch.lerp(ways.opened[rows], joints[:, 6:], closed)
            above = self._clearance.lowest(joints) > config.table_clearance
            good[rows[~above]] = False
            rows, joints = rows[above], joints[above]
            depth = self._clearance.depth(joints, pos[rows], quat[rows], margin=2 * config.preshape_margin)
            good[rows[depth > deepest]] = False
        return good
