"""Choices of the composed clips that teachers train on."""

from __future__ import annotations

from pydantic import Field

from hot.config import Config


class SequencesConfig(Config):
    """Composed sequences tracked in training beside clips of single skills.

    They show how skills follow each other, and what comes after a step that was not perfect: an object is caught
    where it was thrown to, not where it should be.
    """

    clips: int = Field(default=0, ge=0)
    """0: none."""
    script: str = "random"
    """Name or path of a script, or random: any possible order of skills (:func:`hot.composition.compose_random`)."""
    seconds: float = Field(default=10.0, ge=4.0)
    """Length of each."""
