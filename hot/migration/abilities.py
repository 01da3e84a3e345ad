"""What the commands can do with files of upstream's; the one place to switch a translation on when they can."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple


@dataclass(frozen=True)
class Abilities:
    """Each is off where this version of ``hot`` lacks it; the translation then says what it does instead."""

    motions: bool = False
    """``--motions PATH`` reads upstream's ``.pt`` files, and folders of them."""
    assets: Tuple[str, ...] = ()
    """Commands, such as "train teacher", whose ``--assets DIR`` reads upstream's URDFs. Upstream's clips fit upstream's
    meshes alone: where a command cannot read those, the planner's clips of our objects are taken."""
    policies: bool = False
    """``hot eval --policy FILE.pth --layout upstream`` reads upstream's checkpoints; ``--set action.mode`` says what
    their actions mean."""
    engine: bool = False
    """``--engine isaacgym`` runs on upstream's engine."""
    fetch: bool = False
    """``hot data fetch`` downloads upstream's dataset."""

    def read_clips(self, command: str, path: str) -> bool:
        """Whether a command takes upstream's clips in ``path``, with the objects that they are made for."""
        return bool(path) and self.motions and command in self.assets


PRESENT = Abilities(
    motions=True,
    assets=("train teacher", "eval", "data generate", "distill", "export refined"),
    policies=True,
    engine=True,
    fetch=True,
)
"""Those of this version."""
