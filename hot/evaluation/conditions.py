"""The conditions of a robustness table, and what they mean for each clip."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Dict, Optional, Tuple

import torch
from torch import Tensor

from hot.evaluation.config import RobustnessConfig
from hot.evaluation.report import PLAIN
from hot.hands import HandSpec
from hot.motions import Motions
from hot.physics import CONTROL_DT
from hot.rollouts import Disturbance
from hot.tracking.resets import draws_needed


@dataclass(frozen=True)
class Condition:
    """One way in which the worlds differ from what was trained on."""

    name: str = PLAIN
    noise: Optional[float] = None
    """Probability of each perturbation item of the start state; None keeps the task's own."""
    mass: float = 1.0
    friction: float = 1.0
    push: float = 0.0
    """Force on the object [N]."""
    push_frames: int = 0


AS_CONFIGURED = Condition()
"""The task's own condition."""


def conditions(config: RobustnessConfig) -> Tuple[Condition, ...]:
    """The plain condition and each of the disturbed ones."""
    frames = max(1, round(config.push_seconds / CONTROL_DT))
    return (
        AS_CONFIGURED,
        Condition(f"push {config.push:g} N for {config.push_seconds:g} s", push=config.push, push_frames=frames),
        *(Condition(f"mass x {factor:g}", mass=factor) for factor in config.mass),
        *(Condition(f"friction x {factor:g}", friction=factor) for factor in config.friction),
        Condition(f"start noise {config.noise:g}", noise=config.noise),
    )


def disturbance(condition: Condition, motions: Motions, hand: HandSpec, frames: int, seed: int) -> Disturbance:
    """What a condition does to each clip, one row a clip.

    The same clips and seed meet the same draws with every controller, engine and number of worlds. A push begins at
    a frame that is uniform from the first one at which the clip holds the object, or its first if it never does, to
    the last one from which the push still ends within ``frames``; its direction is uniform in the horizontal plane.
    """
    needed = draws_needed(hand)
    numbers = torch.rand(motions.num_clips, needed + 2, generator=torch.Generator().manual_seed(seed))
    factors: Dict[str, Tensor] = {
        name: torch.full((motions.num_clips,), factor)
        for name, factor in (("mass", condition.mass), ("friction", condition.friction))
        if factor != 1.0
    }
    if not condition.push:
        return Disturbance(numbers[:, :needed], factors=factors)
    angle = 2.0 * math.pi * numbers[:, needed]
    force_w = condition.push * torch.stack([angle.cos(), angle.sin(), torch.zeros_like(angle)], dim=1)
    first, last = _push_range(motions, frames, condition.push_frames)
    begin = first + (numbers[:, needed + 1] * (last - first + 1)).long()
    return Disturbance(numbers[:, :needed], force_w, begin, condition.push_frames, factors)


def _push_range(motions: Motions, frames: int, push_frames: int) -> Tuple[Tensor, Tensor]:
    """First and last frame (M,) of each clip at which a push may begin."""
    ends = (motions.lengths.clamp(max=frames) - 1 - push_frames).clamp_min(0)
    held = [(part == 1).nonzero() for part in motions.contact.split(motions.lengths.tolist())]
    first = torch.tensor([int(rows[0]) if len(rows) else 0 for rows in held])
    return torch.minimum(first, ends), ends
