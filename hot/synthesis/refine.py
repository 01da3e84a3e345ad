"""Many hands at once, moved from where they were drawn to where they grasp."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Tuple

import torch
from torch import Tensor

from hot.fusion import Replay
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
    terms: Dict[str, Tensor]  # (N,) each

    @property
    def energy(self) -> Tensor:
        """Sum of the terms (N,)."""
        return _total(self.terms)

    def select(self, rows: Tensor) -> Refined:
        """Some of them, by mask or index."""
        terms = {name: term[rows] for name, term in self.terms.items()}
        return Refined(self.joints[rows], Press(self.press.shares[rows], self.press.tangents[rows]), terms)


def refine(hand: HandSpec, energy: GraspEnergy, joints: Tensor, asked: Asked, steps: int) -> Refined:
    """Minimise from joints (N, D) by Adam, fingers kept within their ranges. On a GPU a step is one launch."""
    device, fade = joints.device, _LAST ** (1.0 / steps)
    on_gpu = device.type == "cuda"
    lower, upper = (limit[_WRIST:].to(device) for limit in (hand.joint_lower, hand.joint_upper))
    places = [p.clone().requires_grad_() for p in joints.split([3, 3, joints.shape[1] - _WRIST], 1)]
    forces = [torch.zeros(*asked.pads.shape, *last, device=device, requires_grad=True) for last in ((), (3,))]
    unknowns, rates = [*places, *forces], [*_RATES, _FORCE_RATE, _FORCE_RATE]
    groups = [
        {"params": [p], "lr": torch.tensor(rate, device=device) if on_gpu else rate} for p, rate in zip(unknowns, rates)
    ]
    optimizer = torch.optim.Adam(groups, betas=(0.9, 0.98), capturable=on_gpu)

    def descend() -> Tuple[Tensor, ...]:
        total = _total(energy(torch.cat(places, 1), Press(*forces), asked)).sum()
        for unknown, gradient in zip(unknowns, torch.autograd.grad(total, unknowns)):
            unknown.grad = gradient
        optimizer.step()
        for group in optimizer.param_groups:
            group["lr"] *= fade
        with torch.no_grad():
            places[-1].clamp_(lower, upper)
        return ()

    step = Replay(descend, device)
    for _ in range(steps):
        step()
    final, press = torch.cat(places, 1).detach(), Press(*(force.detach() for force in forces))
    with torch.no_grad():
        return Refined(final, press, energy(final, press, asked))


def _total(terms: Dict[str, Tensor]) -> Tensor:
    return torch.stack(list(terms.values())).sum(0)


def best_of(cost: Tensor, kind: Tensor, count: int, even_share: float = 1.0) -> Tensor:
    """Rows (count,) of least cost (N,), in their order: ``even_share`` of them the same share of every kind (N,), the
    others of any kind."""
    even = _spread_evenly(cost, kind, round(even_share * count))
    left = torch.ones_like(kind, dtype=torch.bool)
    left[even] = False
    others = left.nonzero()[:, 0]
    others = others[cost[others].argsort(stable=True)[: max(count - len(even), 0)]]
    return torch.cat([even, others]).sort().values


def _spread_evenly(cost: Tensor, kind: Tensor, count: int) -> Tensor:
    """Rows (count,) of least cost (N,), of every kind (N,) the same share."""
    order = cost.argsort(stable=True)
    order = order[kind[order].argsort(stable=True)]  # kind by kind, the best first
    sizes = kind.unique(return_counts=True)[1]
    firsts = (sizes.cumsum(0) - sizes).repeat_interleave(sizes)
    rank = (torch.arange(len(cost), device=cost.device) - firsts + 0.5) / sizes.repeat_interleave(sizes)
    return order[rank.argsort(stable=True)[:count]]
