"""95 % intervals of rates, means and paired differences."""

from __future__ import annotations

import math
from typing import NamedTuple, Sequence

import numpy as np
from scipy import special

_Z = 1.959963984540054
"""97.5 % point of the standard normal distribution."""


class Interval(NamedTuple):
    """A value and the ends of its 95 % interval."""

    value: float
    low: float
    high: float


def wilson(successes: int, clips: int) -> Interval:
    """Rate with its score interval (Wilson 1927); (0, 1) around NaN where there are no clips."""
    if clips == 0:
        return Interval(math.nan, 0.0, 1.0)
    rate, ratio = successes / clips, _Z * _Z / clips
    centre = (rate + 0.5 * ratio) / (1.0 + ratio)
    half = _Z * math.sqrt(rate * (1.0 - rate) / clips + 0.25 * ratio / clips) / (1.0 + ratio)
    # The ends touch 0 and 1 exactly in theory; rounding must not push them past.
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == clips else min(1.0, centre + half)
    return Interval(rate, low, high)


def paired_rates(first: Sequence[bool], second: Sequence[bool]) -> Interval:
    """Rate of ``first`` minus rate of ``second`` on the same clips.

    The interval is Wald's after one discordant pair is added each way (Bonett and Price 2012), so it
    never collapses when the two agree on every clip.
    """
    gained = sum(a and not b for a, b in zip(first, second))
    lost = sum(b and not a for a, b in zip(first, second))
    size = len(first) + 2
    up, down = (gained + 1) / size, (lost + 1) / size
    centre, half = up - down, _Z * math.sqrt((up + down - (up - down) ** 2) / size)
    value = (gained - lost) / len(first) if len(first) else math.nan
    return Interval(value, max(-1.0, centre - half), min(1.0, centre + half))


def paired_means(first: Sequence[float], second: Sequence[float]) -> Interval:
    """Mean of ``first - second`` with Student's interval; pairs with a number that is not finite are left out.

    Fewer than two pairs have no finite interval.
    """
    differences = np.asarray(first, dtype=float) - np.asarray(second, dtype=float)
    differences = differences[np.isfinite(differences)]
    size = len(differences)
    if size < 2:
        return Interval(float(differences[0]) if size else math.nan, -math.inf, math.inf)
    mean = float(differences.mean())
    half = float(special.stdtrit(size - 1, 0.975)) * float(differences.std(ddof=1)) / math.sqrt(size)
    return Interval(mean, mean - half, mean + half)
