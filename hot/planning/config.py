"""Choices of the planner that synthesis has no part in."""

from __future__ import annotations

from typing import Tuple

from pydantic import Field, field_validator

from hot.config import Config


class ScalingConfig(Config):
    """Other sizes of the object that a teacher also trains on."""

    factors: Tuple[float, ...] = ()
    """Of length, besides 1."""
    share: float = Field(default=0.4, gt=0, lt=1)
    """Share of the worlds that hold an object of another size."""

    @field_validator("factors")
    @classmethod
    def _are_other_sizes(cls, value: Tuple[float, ...]) -> Tuple[float, ...]:
        if any(factor <= 0 or factor == 1 for factor in value):
            raise ValueError(f"must be positive and not 1, not {list(value)}")
        return value
