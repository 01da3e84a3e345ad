"""Choices of distillation: when the student takes over, when it is rewarded, and how long teachers are copied."""

from __future__ import annotations

from typing import Optional

from pydantic import Field, model_validator

from hot.config import Config


class DistillationConfig(Config):
    """Times are shares of the training, of its epochs or of its seconds, so that they fit one of any length.

    Where a number is upstream's, it is one of 30,000 epochs as a share.
    """

    clips: Optional[int] = Field(default=None, ge=1)
    """Of each skill of each object, spread over those that there are; all of them if not given. A clip takes some
    0.2 MB a size on the device."""
    guided: float = Field(default=0.02, ge=0, le=1)
    """Until then teachers alone act (upstream's 500 epochs): an untrained student would see nothing but failures."""
    handover: float = Field(default=0.2, gt=0, le=1)
    """From ``guided`` to here the odds that a teacher acts fall from one to zero (upstream's 5,500 epochs)."""
    warm_up: float = Field(default=0.05, ge=0, le=1)
    """After the handover the critic's weight rises for so long from zero to one: it learns the values of the student
    alone, not those of a student that teachers help (upstream begins 500 epochs before)."""
    explained_variance: float = Field(default=0.6, lt=1)
    """Of the returns by the critic, before rewards count: advantages of a critic that knows nothing are noise."""
    explained_epochs: int = Field(default=3, ge=1)
    """Epochs in a row in which it must be reached."""
    annealing: float = Field(default=0.25, gt=0, le=1)
    """Once rewards count, their weight rises from zero to one in so long, and that of cloning falls to its floor.
    Upstream's 4,000 minibatches are some 40 epochs, too short to see what rewards do to a cloned student."""
    cloning: float = Field(default=1.0, gt=0)
    """Weight of the cloning loss, the student's KL divergence from its teachers [nats]. Upstream's, the squared
    difference of actions, is that times twice the variance of exploration, some 80 times less: next to it the noise of
    rewards drove a student from its teachers in the very epoch in which they began to count."""
    cloning_floor: float = Field(default=0.1, ge=0, le=1)
    """Share of that weight which stays to the end: what rewards do not tell apart stays the teachers' way."""
    learning_rate: float = Field(default=5e-4, gt=0)
    """With which cloning begins. It falls on a straight line to ``ppo.learning_rate``, with which rewards may begin;
    only then ``ppo.schedule`` takes over: it looks at how far policies diverge, which cloning may as it likes."""

    @model_validator(mode="after")
    def _is_in_order(self) -> DistillationConfig:
        if self.guided >= self.handover:
            raise ValueError(f"guided = {self.guided} must come before handover = {self.handover}")
        return self
