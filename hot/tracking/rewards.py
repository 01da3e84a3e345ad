"""The reward: a product of factors in (0, 1], one for each thing that should agree with the reference."""

from __future__ import annotations

import math
from typing import Callable, Dict

import torch
from torch import Tensor

from hot import rotations
from hot.motions import skill_by_name
from hot.tracking.config import RewardConfig
from hot.tracking.state import TrackingState

Mean = Callable[[Tensor], Tensor]
"""How an error (N, ...) becomes one number a world."""

_FREEMOVE = skill_by_name("freemove").label
_THROW = skill_by_name("throw").label


def _graph(state: TrackingState) -> Tensor:
    """Error of the key bodies' places relative to the object's (N, K, 3), the interaction graph's edges."""
    return state.key_delta_w - state.object_delta_w[:, None]


def _quaternion_delta(state: TrackingState) -> Tensor:
    """Difference of the object's quaternions (N, 4), of the nearer sign."""
    quat, wanted = state.sim.object_quat_w, state.ref.object_quat_w
    return quat * (quat * wanted).sum(-1, keepdim=True).sign() - wanted


def _mismatch(state: TrackingState) -> Tensor:
    """1 where hand and object touch against the label or do not touch against it (N,), 0 where nobody cares."""
    contact = state.ref.contact
    return torch.where(contact < 0, 0.0, (state.sim.touching.float() - contact).abs())


ERRORS: Dict[str, Callable[[TrackingState, Mean], Tensor]] = {
    "key_position": lambda s, mean: mean(s.key_delta_w),
    "finger": lambda s, mean: mean(s.sim.joint_pos[:, 6:] - s.ref.joint_pos[:, 6:]),
    "wrist_position": lambda s, mean: mean(s.sim.joint_pos[:, :3] - s.ref.joint_pos[:, :3]),
    "wrist_rotation": lambda s, _: rotations.angle_between(s.sim.wrist_quat_w, s.ref.wrist_quat_w) / math.pi,
    "wrist_velocity": lambda s, mean: mean(s.sim.joint_vel[:, :3] - s.ref.joint_vel[:, :3]) * _carried(s),
    "object_position": lambda s, mean: mean(s.object_delta_w),
    "object_rotation": lambda s, mean: mean(_quaternion_delta(s)),
    "object_velocity": lambda s, mean: mean(s.sim.object_linvel_w - s.ref.object_linvel_w),
    # Near the object the hand's place relative to it counts more: 2 exp(-2 d), d the reference's gap [m].
    "interaction": lambda s, mean: mean(_graph(s)) * 2.0 * torch.exp(-2.0 * s.ref.gap),
    "contact": lambda s, _: _mismatch(s),
}
"""Errors (N,) by the name of their weight: the terms of the paper's reward, with geodesic wrist rotation."""

_OF_HAND = ("key_position", "finger", "wrist_position", "wrist_rotation")
"""All that a free move is asked for."""


def _carried(state: TrackingState) -> Tensor:
    """Where the wrist's speed counts (N,) bool: the object is held and not to be thrown."""
    return state.sim.touching & (state.label != _THROW)


def reward(state: TrackingState, config: RewardConfig) -> Tensor:
    """Product reward (N,) in (0, 1]: exp of minus the weighted sum of errors. Diverged worlds earn zero."""
    mean = _mean_square if config.form == "product" else _mean_absolute
    with_object = state.label != _FREEMOVE
    exponent = torch.zeros_like(state.hand_error)
    for name, error in ERRORS.items():
        weight = getattr(config, name)
        if weight:
            value = weight * error(state, mean)
            exponent += value if name in _OF_HAND else value * with_object
    return torch.where(state.sim.diverged, 0.0, torch.exp(-exponent))


def _mean_square(error: Tensor) -> Tensor:
    return error.flatten(1).square().mean(-1)


def _mean_absolute(error: Tensor) -> Tensor:
    return error.flatten(1).abs().mean(-1)
