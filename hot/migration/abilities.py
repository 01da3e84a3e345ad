"""What the commands can do with files of upstream's; the one place to switch a translation on when they can."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Abilities:
    """Each is off where this version of ``hot`` lacks it; the translation then says what it does instead."""

    motions: bool = False
    """``--motions PATH`` of train, distill, eval, export refined and data info reads upstream's ``.pt`` files."""
    objects: bool = False
    """``--assets DIR`` of train, distill, eval, export refined and data generate reads upstream's URDFs."""
    policies: bool = False
    """``hot eval --policy FILE.pth --layout upstream`` reads upstream's checkpoints."""
    engine: bool = False
    """``--engine isaacgym`` runs on upstream's engine."""
    fetch: bool = False
    """``hot data fetch`` downloads upstream's dataset."""


PRESENT = Abilities()
"""Those of this version."""
