"""The reward: a product of factors in (0, 1], one for each thing that should agree with the reference."""

from __future__ import annotations

import math
from typing import Dict

import torch
from torch import Tensor

from hot import rotations
from hot.motions import skill_by_name
from hot.tracking.config import RewardConfig
from hot.tracking.state import TrackingState

_FREEMOVE = skill_by_name("freemove").label
_THROW = skill_by_name("throw").label


def reward_errors(state: TrackingState, form: str) -> Dict[str, Tensor]:
    """Errors (N,) by the name of their weight: mean squares ("product"), or mean absolute values ("linear").

    The terms are those of the paper's reward; rotation errors are geodesic (the wrist's as a share of pi,
    the object's as the mean square or absolute difference of the sign-aligned quaternions).
    """
    sim, ref = state.sim, state.ref
    mean = _mean_square if form == "product" else _mean_absolute
    graph = (sim.key_pos_w - sim.object_pos_w[:, None]) - (ref.key_pos_w - ref.object_pos_w[:, None])
    sign = (sim.object_quat_w * ref.object_quat_w).sum(-1, keepdim=True).sign()
    mismatch = (sim.touching.float() - ref.contact).abs()
    return {
        "key_position": mean(sim.key_pos_w - ref.key_pos_w),
        "finger": mean(sim.joint_pos[:, 6:] - ref.joint_pos[:, 6:]),
        "wrist_position": mean(sim.joint_pos[:, :3] - ref.joint_pos[:, :3]),
        "wrist_rotation": rotations.angle_between(sim.wrist_quat_w, ref.wrist_quat_w) / math.pi,
        "wrist_velocity": mean(sim.joint_vel[:, :3] - ref.joint_vel[:, :3]),
        "object_position": mean(sim.object_pos_w - ref.object_pos_w),
        "object_rotation": mean(sim.object_quat_w * sign - ref.object_quat_w),
        "object_velocity": mean(sim.object_linvel_w - ref.object_linvel_w),
        # Near the object the hand's place relative to it counts more: 2 exp(-2 d), d the reference's gap [m].
        "interaction": mean(graph) * 2.0 * torch.exp(-2.0 * ref.gap),
        "contact": torch.where(ref.contact < 0, torch.zeros_like(mismatch), mismatch),
    }


def reward(state: TrackingState, config: RewardConfig) -> Tensor:
    """Product reward (N,) in (0, 1].

    Wrist velocity counts only while the object is held and not thrown; free moves ask nothing of the object.
    Diverged worlds earn zero.
    """
    errors = reward_errors(state, config.form)
    held = state.sim.touching & (state.label != _THROW)
    errors["wrist_velocity"] = errors["wrist_velocity"] * held
    of_hand = {"key_position", "finger", "wrist_position", "wrist_rotation"}
    exponent = torch.zeros_like(state.hand_error)
    for name, error in errors.items():
        weight = getattr(config, name)
        if weight:
            exponent += weight * (error if name in of_hand else error * (state.label != _FREEMOVE))
    return torch.where(state.sim.diverged, torch.zeros_like(exponent), torch.exp(-exponent))


def _mean_square(error: Tensor) -> Tensor:
    return error.flatten(1).square().mean(-1)


def _mean_absolute(error: Tensor) -> Tensor:
    return error.flatten(1).abs().mean(-1)
