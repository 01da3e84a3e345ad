"""Choices of an evaluation: how many clips, from which frame, under which perturbation."""

from __future__ import annotations

from typing import Optional

from pydantic import Field

from hot.config import Config


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
