"""What a control step of the task yields."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Step:
    """What one control step yields; everything but the observation belongs to the instant before restarts."""

    observation: Tensor  # (N, O) of the instant after ended worlds started again
    reward: Tensor  # (N,)
    failed: Tensor  # (N,) bool: given up
    timed_out: Tensor  # (N,) bool: ran to the end of the episode or clip
    object_error: Tensor  # (N,) [m]
    turn_error: Tensor  # (N,) [rad]
    hand_error: Tensor  # (N,) [m]

    @property
    def done(self) -> Tensor:
        """Worlds (N,) bool whose episode ended."""
        return self.failed | self.timed_out
