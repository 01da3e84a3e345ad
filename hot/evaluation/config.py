"""Choices of an evaluation: how many clips, from which frame, under which perturbation."""

from __future__ import annotations

from typing import Optional, Tuple

from pydantic import Field
from typing_extensions import Annotated

from hot.config import Config

Factor = Annotated[float, Field(gt=0)]


class RobustnessConfig(Config):
    """The conditions of a robustness table, each met by itself."""

    push: float = Field(default=1.0, ge=0)
    """Force [N] on the object, in a random horizontal direction from a random frame on."""
    push_seconds: float = Field(default=0.2, gt=0)
    """How long the force lasts [s]."""
    mass: Tuple[Factor, ...] = (0.5, 2.0)
    """Factors of the object's mass and inertia."""
    friction: Tuple[Factor, ...] = (0.5, 1.5)
    """Factors of every friction coefficient."""
    noise: float = Field(default=0.5, ge=0, le=1)
    """Probability of each perturbation item of the start state."""


class EvaluationConfig(Config):
    """How a policy is judged."""

    clips: int = Field(default=200, ge=1)
    """Held-out clips a skill."""
    frames: Optional[int] = Field(default=None, ge=30)
    """Frames of each clip; None takes the skill's own test length."""
    noise: float = Field(default=0.0, ge=0, le=1)
    """Probability of each perturbation item of the start state."""
    seed: int = Field(default=1_000_003, ge=1)
    """Seed of the held-out clips and of the perturbations; training seeds must differ."""
    worlds: Optional[int] = Field(default=None, ge=1)
    """Most clips that are tracked at once; None takes 512 on a CPU and 16,384 on a GPU. It changes no clip's
    conditions."""
    robustness: RobustnessConfig = RobustnessConfig()
