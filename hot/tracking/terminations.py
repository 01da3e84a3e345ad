"""When an episode is given up: the object or the hand has left the reference too far behind."""

from __future__ import annotations

import torch
from torch import Tensor

from hot.motions import skill_by_name
from hot.tracking.config import TerminationConfig
from hot.tracking.state import TrackingState

_FREEMOVE = skill_by_name("freemove").label


def failed(state: TrackingState, progress: Tensor, config: TerminationConfig) -> Tensor:
    """Worlds (N,) bool to give up; ``progress`` (N,) counts frames since the episode's start.

    Limits are tighter while the hand touches the object. A free move cannot fail by the object.
    """
    if not config.enabled:
        return state.sim.diverged.clone()
    touching = state.sim.touching
    object_limit = torch.where(touching, config.object_position[0], config.object_position[1])
    hand_limit = torch.where(touching, config.key_position[0], config.key_position[1])
    lost = (state.object_error > object_limit) | (state.turn_error > config.object_rotation)
    lost = (lost & (state.label != _FREEMOVE)) | (state.hand_error > hand_limit)
    return (lost & (progress > config.grace_frames)) | state.sim.diverged
