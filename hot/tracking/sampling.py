"""Which object a world holds; which clip, and from which frame, an episode tracks."""

from __future__ import annotations

from typing import Dict, List, Sequence, Tuple

import torch
from torch import Tensor

from hot.errors import HotError
from hot.motions import Motions
from hot.tracking.config import ResetConfig

BINS = 8
"""Equal stretches of a clip between which episodes' starts are told apart."""
_REFRESH = 16
"""Steps between two updates of the odds."""
_MEMORY = 0.98
"""Share of the counts that survives an update: episodes of the last thousand steps or so decide."""
_COMPOSED = 3.0
"""How often composed clips are drawn, for each time that a clip of one skill is: they show all skills."""
_GOLDEN = 0.6180339887498949
_PRIOR = 2.0
"""Episodes at the mean rate of failure that every stretch counts from the start."""


class ClipSampler:
    """Draws clips and start frames: every skill equally likely, grasp twice and composed clips three times as likely,
    each for the world's own object.

    ``ResetConfig.hard_share`` of the odds follow how often episodes that started in each stretch of each clip were
    given up of late; the rest stay fair, so that nothing is ever forgotten.

    Raises:
        HotError: a world's object has no clips.
    """

    def __init__(self, motions: Motions, world_object: Tensor, config: ResetConfig, device: torch.device) -> None:
        self._config = config
        owner, weight = motions.clip_object.cpu(), _weights(motions)
        for index in world_object.unique().tolist():
            if not (owner == index).any():
                raise HotError(f"no clip to track with {motions.objects[index]}")
        order = owner.argsort(stable=True)
        counts = torch.bincount(owner, minlength=len(motions.objects))
        ends = counts.cumsum(0) * BINS
        self._first, self._last = (ends - counts * BINS).to(device), (ends - 1).to(device)
        self._clip = order.to(device)  # clips in the order of their objects, whose odds lie side by side
        self._fair = (weight[order, None] / BINS).expand(-1, BINS).to(device).double()  # (M, B)
        self._place = order.argsort().to(device)
        self._world_object = world_object.to(device)
        self._lengths = motions.lengths.to(device)
        self._ended = torch.zeros_like(self._fair)
        self._failed = torch.zeros_like(self._fair)
        self._odds = self._fair.flatten().cumsum(0)  # cumulative
        self._steps = 0

    @property
    def counts(self) -> List[Tensor]:
        """Episodes that ended, and that were given up, by clip and stretch (M, B); several processes that train
        together overwrite both with their means."""
        return [self._ended, self._failed]

    def draw(self, world_ids: Tensor, numbers: Tensor) -> Tuple[Tensor, Tensor]:
        """Clip ids (n,) and start frames (n,), the latest two frames before the clip's end.

        A share of the episodes starts at the first frame whatever the stretch that was drawn.

        Args:
            numbers: uniform in [0, 1) (n, 3).
        """
        stretch, within, first = numbers.unbind(1)
        own = self._world_object[world_ids]
        low, high = self._first[own], self._last[own]
        floor = torch.where(low > 0, self._odds[(low - 1).clamp_min(0)], 0.0)
        wanted = floor + stretch.double() * (self._odds[high] - floor)
        row = torch.searchsorted(self._odds, wanted, right=True)
        row = torch.minimum(torch.maximum(row, low), high)
        clip_ids = self._clip[row // BINS]
        span = (self._lengths[clip_ids] - 2).clamp_min(1)
        frames = torch.minimum(((row % BINS + within) * span / BINS).long(), span - 1)
        return clip_ids, frames.where(first >= self._config.first_frame_share, 0)

    def record(self, clip_ids: Tensor, start_frames: Tensor, ended: Tensor, failed: Tensor) -> None:
        """Count episodes that ended (N,) bool and those of them that were given up (N,) bool."""
        if not self._config.hard_share:
            return
        span = (self._lengths[clip_ids] - 2).clamp_min(1)
        rows = self._place[clip_ids] * BINS + (start_frames * BINS // span).clamp_max(BINS - 1)
        self._ended.view(-1).index_add_(0, rows, ended.double())
        self._failed.view(-1).index_add_(0, rows, failed.double())

    def advance(self) -> None:
        """Count a step; the odds follow the counts every few steps."""
        self._steps += 1
        if self._config.hard_share and self._steps % _REFRESH == 0:
            self._refresh()

    def _refresh(self) -> None:
        mean = self._failed.sum() / self._ended.sum().clamp_min(1.0)
        rate = (self._failed + _PRIOR * mean) / (self._ended + _PRIOR)
        hard = self._fair * rate / ((self._fair * rate).sum() / self._fair.sum()).clamp_min(1e-9)
        share = self._config.hard_share
        self._odds.copy_(((1.0 - share) * self._fair + share * hard).flatten().cumsum(0))
        self._ended.mul_(_MEMORY)
        self._failed.mul_(_MEMORY)

    def snapshot(self) -> Dict[str, Tensor]:
        """A copy of what has been learnt about the clips."""
        learnt = {"ended": self._ended, "failed": self._failed, "odds": self._odds}
        return {**{name: value.clone() for name, value in learnt.items()}, "steps": torch.tensor(self._steps)}

    def restore(self, snapshot: Dict[str, Tensor]) -> None:
        """Go back to a :meth:`snapshot` of a sampler of the same clips."""
        for view, name in ((self._ended, "ended"), (self._failed, "failed"), (self._odds, "odds")):
            view.copy_(snapshot[name])
        self._steps = int(snapshot["steps"])


def _weights(motions: Motions) -> Tensor:
    """How likely each clip (M,) is among those of its object, whichever skills have many clips there."""
    kind = motions.clip_skill.cpu().masked_fill(motions.composed.cpu(), len(motions.skills))
    kinds = torch.tensor([2.0 if skill == "grasp" else 1.0 for skill in motions.skills] + [_COMPOSED])
    group = motions.clip_object.cpu() * len(kinds) + kind
    return kinds[kind] / torch.bincount(group)[group]


def deal(shares: Sequence[float], worlds: int) -> Tensor:
    """An object for each world (N,), in proportion to ``shares`` among any neighbours as well as among all."""
    ends = torch.tensor(shares, dtype=torch.float64).cumsum(0)
    # Multiples of the golden ratio fill the unit interval evenly, however many are taken.
    spread = (torch.arange(worlds, dtype=torch.float64) * _GOLDEN + 1e-9) % 1.0
    return torch.searchsorted(ends / ends[-1], spread, right=True).clamp_max(len(shares) - 1)
