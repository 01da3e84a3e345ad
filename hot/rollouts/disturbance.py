"""What clips meet beside their reference."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Dict, Optional

import torch
from torch import Tensor


@dataclass(frozen=True)
class Disturbance:
    """What each of N clips meets. Given clip by clip, it does not depend on how many run at once."""

    start: Tensor
    """Uniform numbers in [0, 1) (N, R) from which the start state is perturbed."""
    force_w: Optional[Tensor] = None
    """Push on the object (N, 3) [N]."""
    force_from: Optional[Tensor] = None
    """Frame (N,) of the clip at which the push sets in."""
    force_frames: int = 0
    """Frames for which it lasts."""
    factors: Optional[Dict[str, Tensor]] = None
    """Factors (N,) by what they multiply, as for :meth:`hot.physics.Physics.randomize`."""

    def to(self, device: torch.device) -> Disturbance:
        """The same on another device."""
        return replace(
            self,
            start=self.start.to(device),
            force_w=None if self.force_w is None else self.force_w.to(device),
            force_from=None if self.force_from is None else self.force_from.to(device),
            factors=self.factors and {name: factor.to(device) for name, factor in self.factors.items()},
        )

    def force_at(self, clip_ids: Tensor, frames: Tensor) -> Optional[Tensor]:
        """Force (W, 3) [N] during the step from frames (W,) of clips (W,), or None where there are no pushes."""
        if self.force_w is None or self.force_from is None:
            return None
        begin = self.force_from[clip_ids]
        on = (frames >= begin) & (frames < begin + self.force_frames)
        return self.force_w[clip_ids] * on[:, None]
