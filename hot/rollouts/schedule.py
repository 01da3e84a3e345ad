"""Which world tracks which clip, and when: a world whose clip has ended begins another."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Iterator, Tuple

import torch
from torch import Tensor

_BEAT = 4
"""Clips begin at every so-many-th step only: all worlds observe again when some begin."""


@dataclass(frozen=True)
class Schedule:
    """Of N clips, one after another in W worlds."""

    world: Tensor
    """Of each clip (N,)."""
    begin: Tensor
    """Control step (N,) before which each clip is put at its first frame."""
    steps: int
    """Control steps until all have ended."""

    def starts(self, device: torch.device) -> Iterator[Tuple[Tensor, Tensor]]:
        """Step by step, the clips (n,) that begin and their worlds (n,); to copy them one by one would be to wait."""
        order, counts = self.begin.argsort(stable=True), self.begin.bincount(minlength=self.steps).tolist()
        return zip(order.to(device).split(counts), self.world[order].to(device).split(counts))


def schedule(lengths: Tensor, worlds: int) -> Schedule:
    """Clips of so many control steps (N,), at least 1, the longest first, each in the world that is free first.

    But for the beat no schedule is shorter by more than a quarter (Graham 1969, "Bounds on multiprocessing timing
    anomalies").
    """
    free = [(0, world) for world in range(worlds)]
    world, begin = torch.zeros_like(lengths), torch.zeros_like(lengths)
    beats = -(-lengths // _BEAT)
    for clip in beats.argsort(descending=True, stable=True).tolist():
        beat, number = free[0]
        world[clip], begin[clip] = number, beat * _BEAT
        heapq.heapreplace(free, (beat + int(beats[clip]), number))
    return Schedule(world, begin, int((begin + lengths).max()))


def enough_worlds(lengths: Tensor, most: int) -> int:
    """The fewest worlds, ``most`` at most, in which clips of so many control steps (N,) end about as soon as in more.

    No clip can end sooner than the longest: worlds beyond those that it keeps busy would be idle.
    """
    longest, total = int(lengths.max()), int(lengths.sum())
    turns = -(-total // (longest * most))
    return -(-total // (longest * turns))
