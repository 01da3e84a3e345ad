"""Many hands at once, moved from where they were drawn to where they grasp."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from hot.hands import HandSpec
from hot.synthesis.closure import Asked, GraspEnergy, Press

_WRIST = 6
_RATES = (0.003, 0.03, 0.03)
"""Adam's first step of slides [m], wrist hinges and fingers [rad]."""
_FORCE_RATE = 0.1
_LAST = 0.1
"""The last step over the first."""


@dataclass(frozen=True, eq=False)
class Refined:
    """Where N hands ended."""

    joints: Tensor  # (N, D), the wrist's in the object frame
    press: Press
    energy: Tensor  # (N,)


def refine(hand: HandSpec, energy: GraspEnergy, joints: Tensor, asked: Asked, steps: int) -> Refined:
    """Minimise from joints (N, D) by Adam, fingers kept within their ranges."""
    lower, upper = (limit[_WRIST:].to(joints.device) for limit in (hand.joint_lower, hand.joint_upper))
    slides, hinges, fingers = (p.clone().requires_grad_() for p in joints.split([3, 3, joints.shape[1] - _WRIST], 1))
    shares = joints.new_zeros(asked.pads.shape).requires_grad_()
    tangents = joints.new_zeros(*asked.pads.shape, 3).requires_grad_()
    groups = [{"params": [p], "lr": rate} for p, rate in zip((slides, hinges, fingers), _RATES)]
    optimizer = torch.optim.Adam([*groups, {"params": [shares, tangents], "lr": _FORCE_RATE}], betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _LAST ** (step / steps))
    for _ in range(steps):
        optimizer.zero_grad()
        terms = energy(torch.cat([slides, hinges, fingers], 1), Press(shares, tangents), asked)
        torch.stack(list(terms.values())).sum().backward()
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            fingers.clamp_(lower, upper)
    final, press = torch.cat([slides, hinges, fingers], 1).detach(), Press(shares.detach(), tangents.detach())
    with torch.no_grad():
        return Refined(final, press, torch.stack(list(energy(final, press, asked).values())).sum(0))


def best_of(refined: Refined, count: int) -> Tensor:
    """Rows (count,) of least energy, in their order."""
    return refined.energy.argsort()[:count].sort().values
