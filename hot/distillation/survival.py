"""How many episodes are not given up, by object and skill."""

from __future__ import annotations

from typing import Callable, Dict, List, Tuple

import torch
from torch import Tensor

from hot.distillation.teachers import object_of
from hot.tracking import TrackingEnv
from hot.training.teacher import DETAIL

_MEMORY = 0.9
"""Share of the counts that survives an epoch: many pairs of object and skill share an epoch's few ends."""


class Survival:
    """Counts of ended episodes, kept on the device; sizes of one object count as that object."""

    def __init__(self, env: TrackingEnv) -> None:
        names = [object_of(name) for name in env.motions.objects]
        self._objects, self._skills = tuple(dict.fromkeys(names)), env.motions.skills
        own = torch.tensor([self._objects.index(name) for name in names], device=env.device)
        self._env, self._first = env, own[env.world_object] * len(self._skills)
        self._counts = torch.zeros(2, len(self._objects) * len(self._skills), device=env.device)

    def due(self) -> Tensor:
        """Object and skill (N,) of the coming step, as one number."""
        return self._first + self._env.skill_due

    def count(self, due: Tensor, ended: Tensor, completed: Tensor) -> None:
        """Count a step that ended episodes (N,), some of them by completion (N,)."""
        self._counts[0].index_add_(0, due, ended.float())
        self._counts[1].index_add_(0, due, completed.float())

    def read(self, average: Callable[[List[Tensor]], None]) -> Dict[str, Tensor]:
        """Shares () that were completed: of each object, each skill, and, as details, each pair. Nothing ended: 0.

        ``average`` overwrites tensors with their means over ranks.
        """
        average([self._counts])
        counts = self._counts.view(2, len(self._objects), len(self._skills))
        figures = _shares("survival/", self._objects, counts.sum(2))
        figures.update(_shares("survival/", self._skills, counts.sum(1)))
        pairs = tuple(f"{name} {skill}" for name in self._objects for skill in self._skills)
        figures.update(_shares(DETAIL, pairs, counts.flatten(1)))
        self._counts *= _MEMORY
        return figures

    def snapshot(self) -> Tensor:
        """A copy of the counts."""
        return self._counts.clone()

    def restore(self, snapshot: Tensor) -> None:
        """Go back to a :meth:`snapshot`."""
        self._counts.copy_(snapshot)


def _shares(prefix: str, names: Tuple[str, ...], counts: Tensor) -> Dict[str, Tensor]:
    """``counts`` (2, n) are of ended and of completed episodes."""
    shares = counts[1] / counts[0].clamp_min(1e-6)
    return {f"{prefix}{name}": share for name, share in zip(names, shares.unbind())}
