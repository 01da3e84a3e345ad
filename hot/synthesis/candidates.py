"""Planned grasps, ready to be tried in physics: a hand opened before the object, where it closes, how it presses."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Tuple

import torch
from torch import Tensor

from hot import rotations
from hot.hands import HandSpec
from hot.objects import ObjectSpec
from hot.synthesis.clearance import Clearance
from hot.synthesis.closure import Asked, GraspEnergy
from hot.synthesis.config import GraspConfig
from hot.synthesis.distance import DistanceField
from hot.synthesis.pads import Pads
from hot.synthesis.quality import compliance
from hot.synthesis.refine import Refined, best_of, refine
from hot.synthesis.resting import RestingPoses
from hot.synthesis.seeds import FAMILIES, Seeds

_WRIST = 6
_OPENINGS = (0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0)
"""Shares of the way to the open hand at which the fingers may start, the tightest first."""
_START_OVERLAP = 0.0005
"""Deepest overlap of a hand that is about to close [m]."""
_SUNK = 10.0
"""Cost of points below the table; what cannot be reached there is of no use however well it holds."""
_FLUSH, _BALANCED = 1e-4, 0.01
"""Cost of not facing the surface, and of forces that leave a rest, that is as good as none."""
_FIRM = 50.0
"""Force of a grip that is neither firm nor weak [N]."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """N hands about to close, in the object's frame."""

    seed: Tensor  # (N,) index of the seed
    wrist_pos_o: Tensor  # (N, 3) [m]
    wrist_quat_o: Tensor  # (N, 4)
    start: Tensor  # (N, J) opened fingers [rad]
    plan: Tensor  # (N, J) fingers that touch [rad]
    close: Tensor  # (N, J) direction in which each finger closes, the fastest joint 1
    press: Tensor  # (N, J) lead of the targets over the joints that presses as planned, the longest 1

    def select(self, rows: Tensor) -> Candidates:
        """Some of them, by mask or index."""
        return Candidates(*(getattr(self, f.name)[rows] for f in fields(self)))


class Planner:
    """Turns seeds into candidates by minimising the grasp energy; all are on the distance field's device."""

    def __init__(
        self, hand: HandSpec, object_spec: ObjectSpec, pads: Pads, field: DistanceField, config: GraspConfig
    ) -> None:
        self._hand, self._config = hand, config
        self._energy = GraspEnergy(hand, object_spec, pads, field, config.closure)
        self._clearance = Clearance(hand, object_spec, field.device)
        self._finger = torch.tensor([hand.finger_of_body[body] for body in hand.tree.joint_bodies[_WRIST:]])

    def plan(self, seeds: Seeds, resting: RestingPoses, count: int) -> Candidates:
        """At most ``count`` candidates, the most promising of those that can be opened without touching."""
        config, asked = self._config, seeds.asked(resting)
        kind = seeds.rest * len(FAMILIES) + seeds.family
        sifted = refine(self._hand, self._energy, seeds.joints, asked, config.sift_steps)
        rows = best_of(sifted.energy, kind, round(config.surplus * count))
        asked = asked.select(rows)
        refined = refine(self._hand, self._energy, sifted.joints[rows], asked, config.refine_steps)
        start, fits = self._opened(refined.joints)
        lead = self._lead(refined, asked)
        doubt = torch.where(fits, self._doubt(refined, asked, lead), torch.inf)
        best = best_of(doubt, kind[rows], count, config.even_share)
        best = best[fits[best]]
        return self._candidates(rows[best], refined.select(best), asked.select(best), start[best], lead[best])

    def _lead(self, refined: Refined, asked: Asked) -> Tensor:
        """How far targets must be ahead of the fingers (N, J) [rad] to press with a newton in all."""
        torque = self._energy.torque(refined.joints, refined.press, asked)[:, _WRIST:]
        return torque / self._hand.stiffness[_WRIST:].to(torque)

    def _doubt(self, refined: Refined, asked: Asked, lead: Tensor) -> Tensor:
        """How little is to be expected of refined hands (N,): they give way, touch askew, leave a rest of the forces,
        or have too long a lever to press hard."""
        terms, hold = refined.terms, compliance(*self._energy.contacts(refined.joints, refined.press, asked))
        force = self._config.squeeze / lead.abs().amax(1).clamp_min(1e-9)
        uneven = ((terms["balance"] / _BALANCED + 1.0) * _FIRM / force).sqrt()
        return hold * (terms["facing"] + _FLUSH) * uneven + _SUNK * terms["table"]

    def _candidates(self, rows: Tensor, refined: Refined, asked: Asked, start: Tensor, lead: Tensor) -> Candidates:
        joints = refined.joints
        return Candidates(
            seed=rows,
            wrist_pos_o=joints[:, :3],
            wrist_quat_o=rotations.from_euler(joints[:, 3:_WRIST]),
            start=start,
            plan=joints[:, _WRIST:],
            close=self._by_finger(self._energy.closing(joints, asked)[:, _WRIST:]),
            press=lead / lead.abs().amax(1, keepdim=True).clamp_min(1e-9),
        )

    def _by_finger(self, torque: Tensor) -> Tensor:
        """Torques (N, J), each finger's largest made 1."""
        scaled = torch.zeros_like(torque)
        for finger in self._finger.unique().tolist():
            joints = (self._finger == finger).nonzero()[:, 0].to(torque.device)
            part = torque[:, joints]
            scaled[:, joints] = part / part.abs().amax(1, keepdim=True).clamp_min(1e-9)
        return scaled

    def _opened(self, joints: Tensor) -> Tuple[Tensor, Tensor]:
        """The tightest opened fingers (N, J) that are clear of the object, and whether there are any (N,)."""
        plan, wide = joints[:, _WRIST:], self._hand.open_fingers.to(joints)
        opened, shut = plan.clone(), torch.arange(len(joints), device=joints.device)
        for share in _OPENINGS:
            hands = joints[shut]
            hands[:, _WRIST:] = torch.lerp(plan[shut], wide, share)
            pos, quat = joints.new_zeros(len(shut), 3), joints.new_tensor([1.0, 0.0, 0.0, 0.0]).expand(len(shut), 4)
            fits = self._clearance.depth(hands, pos, quat, 0.01) < _START_OVERLAP
            opened[shut[fits]] = hands[fits, _WRIST:]
            shut = shut[~fits]
        done = torch.ones(len(joints), dtype=torch.bool, device=joints.device)
        done[shut] = False
        return opened, done
