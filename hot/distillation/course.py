"""Where a distillation stands: who acts, and what each loss weighs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Optional, Tuple

from typing_extensions import Literal

from hot.distillation.config import DistillationConfig

Phase = Literal["cloning", "warming up", "reinforcing"]
PHASES: Tuple[Phase, ...] = ("cloning", "warming up", "reinforcing")


@dataclass(frozen=True)
class Weights:
    """What each loss counts."""

    cloning: float
    critic: float
    policy: float


class Course:
    """First cloning (DAgger, Ross 2011), then also values, then also rewards. The clock never goes back: a finished
    training that is resumed for longer goes on in its last phase."""

    def __init__(self, config: DistillationConfig) -> None:
        self._config = config
        self._clock = 0.0
        self._good_epochs = 0
        self._rewarded_from: Optional[float] = None

    def start_epoch(self, share: float) -> None:
        """``share`` of the training, in [0, 1], is done."""
        self._clock = max(self._clock, share)

    def after_epoch(self, explained_variance: float) -> None:
        """Take in how well the critic explained an epoch's returns: it decides from when on rewards count."""
        good = explained_variance >= self._config.explained_variance
        self._good_epochs = self._good_epochs + 1 if good else 0
        ready = self.cloned >= 1.0 and self._good_epochs >= self._config.explained_epochs
        if self.phase == "warming up" and ready:
            self._rewarded_from = self._clock

    @property
    def cloned(self) -> float:
        """How far the training has come on the way to where rewards may count, in [0, 1]."""
        return _ramp(self._clock, self._config.handover + self._config.warm_up)

    @property
    def phase(self) -> Phase:
        """What the student learns from in the present epoch."""
        if self._rewarded_from is not None:
            return "reinforcing"
        return "cloning" if self._clock < self._config.handover else "warming up"

    @property
    def beta(self) -> float:
        """Probability with which a teacher acts: 1, then a straight line to 0 at the handover."""
        config = self._config
        return _ramp(config.handover - self._clock, config.handover - config.guided)

    @property
    def weights(self) -> Weights:
        """Of the present epoch's losses."""
        config, phase = self._config, self.phase
        if phase == "cloning":
            return Weights(config.cloning, 0.0, 0.0)
        if phase == "warming up":
            return Weights(config.cloning, _ramp(self._clock - config.handover, config.warm_up), 0.0)
        risen = _ramp(self._clock - (self._rewarded_from or 0.0), config.annealing)
        return Weights(config.cloning * (1.0 - risen * (1.0 - config.cloning_floor)), 1.0, risen)

    def snapshot(self) -> Dict[str, Any]:
        """Everything that the next epoch depends on."""
        return {"clock": self._clock, "good_epochs": self._good_epochs, "rewarded_from": self._rewarded_from}

    def restore(self, snapshot: Dict[str, Any]) -> None:
        """Go back to a :meth:`snapshot`."""
        self._clock, self._good_epochs = snapshot["clock"], snapshot["good_epochs"]
        self._rewarded_from = snapshot["rewarded_from"]


def _ramp(gone: float, length: float) -> float:
    """From 0 to 1 within ``length``; a step where there is no length."""
    if length <= 0.0:
        return 1.0 if gone >= 0.0 else 0.0
    return min(max(gone / length, 0.0), 1.0)
