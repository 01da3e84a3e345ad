"""Copies of one hand with one object in physics, kept for as many trials as there are."""

from __future__ import annotations

from typing import Iterator, Optional

import torch
from torch import Tensor

from hot.hands import HandSpec
from hot.objects import ObjectSpec
from hot.physics import Physics, PhysicsConfig, Scene, make_physics
from hot.physics.engines import runs_on_gpu


class Worlds:
    """Engines for trials of any number of hands, at most ``most`` at once.

    An engine on a GPU has always ``most`` worlds and is kept, because to record its step takes a second; what is not
    needed repeats the first. On a CPU, where every world costs, there are as many as are asked for.
    """

    def __init__(self, hand: HandSpec, object_spec: ObjectSpec, config: PhysicsConfig, most: int) -> None:
        self.hand, self.object_spec = hand, object_spec
        self._config, self._most = config, most
        self._kept: Optional[Physics] = None

    def of(self, count: int) -> Physics:
        """An engine with at least ``count`` worlds, on whose objects no force acts; what was there before is gone."""
        if self._kept is None or self._kept.device.type != "cuda":
            self.free()
            worlds = self._most if runs_on_gpu(self._config.engine) else count
            scene = Scene(self.hand, [self.object_spec], torch.zeros(worlds, dtype=torch.long))
            self._kept = make_physics(scene, self._config)
        self._kept.set_object_force(torch.zeros_like(self._kept.state.object_pos_w))
        return self._kept

    def parts(self, count: int) -> Iterator[Tensor]:
        """Numbers below ``count``, as many at a time as there are worlds; none if ``count`` is 0."""
        return (rows for rows in torch.arange(count).split(self._most) if len(rows))

    def free(self) -> None:
        """Free the engine."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None


def filled(rows: Tensor, count: int) -> Tensor:
    """Rows (n,) made ``count`` long by repeating the first."""
    return torch.cat([rows, rows[:1].expand(count - len(rows))])
