"""What ships, by the names of its files: loading the rooms that know it takes seconds, translating text does not."""

from __future__ import annotations

from pathlib import Path
from typing import FrozenSet

_PACKAGE = Path(__file__).resolve().parents[1]


def shipped_objects() -> FrozenSet[str]:
    """Names of the packaged objects."""
    return frozenset(path.stem for path in (_PACKAGE / "objects").glob("*.yaml"))


def shipped_grasps(hand: str) -> FrozenSet[str]:
    """Names of the objects of which there are packaged grasps with a hand."""
    return frozenset(path.stem for path in (_PACKAGE / "assets" / "files" / "grasps" / hand).glob("*.safetensors"))
