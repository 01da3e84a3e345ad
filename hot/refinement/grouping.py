"""Which clips are rolled out together."""

from __future__ import annotations

import math
from typing import List, Sequence

from torch import Tensor

_SPREAD = 1.3
"""How much longer the longest clip of a group may be than the shortest, where there are enough of them."""


def alike(lengths: Tensor, least: int, most: int) -> List[Tensor]:
    """Numbers of clips (n,) in groups of about the same length (M,), the shortest first.

    A world whose clip has ended goes on until the longest of its group ends.

    Args:
        least: clips that a group has, even if they are less alike; fewer only if there are not so many in all.
        most: clips that a group may have; larger ones are divided evenly.
    """
    order = lengths.argsort(stable=True)
    step = (lengths[order].double().log() / math.log(_SPREAD)).floor()
    _, counts = step.unique_consecutive(return_counts=True)
    groups = order.split(_merged(counts.tolist(), least))
    return [part for group in groups for part in group.tensor_split(-(-len(group) // most))]


def _merged(counts: Sequence[int], least: int) -> List[int]:
    """Counts of neighbouring groups, added up until each has ``least``; all in one where there are not so many."""
    sizes = [0]
    for count in counts:
        if sizes[-1] < least:
            sizes[-1] += count
        else:
            sizes.append(count)
    if len(sizes) > 1 and sizes[-1] < least:
        rest = sizes.pop()
        sizes[-1] += rest
    return sizes
