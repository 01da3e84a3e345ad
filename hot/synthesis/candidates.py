"""Planned grasps, ready to be tried in physics: a hand opened before the object, where it closes, how it presses."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from hot import rotations
from hot.hands import HandSpec
from hot.objects import ObjectSpec
from hot.synthesis.clearance import Clearance
from hot.synthesis.closure import GraspEnergy
from hot.synthesis.config import GraspConfig
from hot.synthesis.distance import DistanceField
from hot.synthesis.pads import Pads
from hot.synthesis.refine import best_of, refine
from hot.synthesis.resting import RestingPoses
from hot.synthesis.seeds import Seeds

_WRIST = 6
_OPENINGS = (0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0)
"""Shares of the way to the open hand at which the fingers may start, the tightest first."""
_START_OVERLAP = 0.0005
"""Deepest overlap of a hand that is about to close [m]."""


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
    """Turns seeds into candidates by minimising the grasp energy, on the distance field's device."""

    def __init__(
        self, hand: HandSpec, object_spec: ObjectSpec, pads: Pads, field: DistanceField, config: GraspConfig
    ) -> None:
        self._hand, self._config, self._device = hand, config, field.device
        self._energy = GraspEnergy(hand, object_spec, pads, field, config.closure)
        self._clearance = Clearance(hand, object_spec, field.device)
        self._finger = torch.tensor([hand.finger_of_body[body] for body in hand.tree.joint_bodies[_WRIST:]])

    def plan(self, seeds: Seeds, resting: RestingPoses, count: int) -> Candidates:
        """At most ``count`` candidates, those of least energy, that can be opened without touching."""
        asked, config = seeds.asked(resting, self._device), self._config
        sifted = refine(self._hand, self._energy, seeds.joints.to(self._device), asked, config.sift_steps)
        rows = best_of(sifted, count)
        asked = asked.select(rows)
        refined = refine(self._hand, self._energy, sifted.joints[rows], asked, config.refine_steps)
        joints, press = refined.joints, refined.press
        torque = self._energy.torque(joints, press, asked)[:, _WRIST:]
        lead = torque / self._hand.stiffness[_WRIST:].to(torque)
        plan = joints[:, _WRIST:]
        start, fits = self._opened(joints)
        candidates = Candidates(
            seed=rows,
            wrist_pos_o=joints[:, :3],
            wrist_quat_o=rotations.from_euler(joints[:, 3:_WRIST]),
            start=start,
            plan=plan,
            close=self._by_finger(self._energy.closing(joints, asked)[:, _WRIST:]),
            press=lead / lead.abs().amax(1, keepdim=True).clamp_min(1e-9),
        )
        return candidates.select(fits)

    def _by_finger(self, torque: Tensor) -> Tensor:
        """Torques (N, J), each finger's largest made 1."""
        scaled = torch.zeros_like(torque)
        for finger in self._finger.unique().tolist():
            joints = (self._finger == finger).nonzero()[:, 0].to(torque.device)
            part = torque[:, joints]
            scaled[:, joints] = part / part.abs().amax(1, keepdim=True).clamp_min(1e-9)
        return scaled

    def _opened(self, joints: Tensor):
        """The tightest opened fingers (N, J) that are clear of the object, and whether there are any (N,)."""
        count, plan = len(joints), joints[:, _WRIST:]
        pos, quat = joints.new_zeros(count, 3), joints.new_tensor([1.0, 0.0, 0.0, 0.0]).expand(count, 4)
        opened, done = plan.clone(), torch.zeros(count, dtype=torch.bool, device=joints.device)
        for share in _OPENINGS:
            fingers = torch.lerp(plan, self._hand.open_fingers.to(plan).expand_as(plan), share)
            depth = self._clearance.depth(torch.cat([joints[:, :_WRIST], fingers], 1), pos, quat, 0.01)
            fits = (depth < _START_OVERLAP) & ~done
            opened[fits] = fingers[fits]
            done |= fits
        return opened, done
