"""How an observation is described: named runs of numbers, in order."""

from __future__ import annotations

from typing import Dict, NamedTuple, Sequence, Tuple

Layout = Tuple[Tuple[str, int], ...]
"""Observation groups in order, with their sizes. The group ``points``, if any, has an encoder."""


class Part(NamedTuple):
    """Numbers of the observation that lie side by side."""

    group: str
    name: str
    size: int
    meaning: str


def layout_of(parts: Sequence[Part]) -> Layout:
    """Groups and sizes of parts, those of one group side by side."""
    sizes: Dict[str, int] = {}
    for part in parts:
        sizes[part.group] = sizes.get(part.group, 0) + part.size
    return tuple(sizes.items())
