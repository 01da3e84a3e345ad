"""Where an episode starts: which clip, which frame, and how far the world is pushed off the reference."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from hot import rotations
from hot.hands import HandSpec
from hot.motions import Motions
from hot.tracking.config import ResetConfig
from hot.tracking.reference import Now, Reference


@dataclass(frozen=True)
class Start:
    """The state that some worlds start from."""

    joint_pos: Tensor  # (n, D)
    joint_vel: Tensor  # (n, D)
    object_pos_w: Tensor  # (n, 3)
    object_quat_w: Tensor  # (n, 4)
    object_linvel_w: Tensor  # (n, 3)
    object_angvel_w: Tensor  # (n, 3)


class ClipSampler:
    """Draws clips so that every skill is equally likely, grasp twice as likely, each for the world's own object."""

    def __init__(self, motions: Motions, world_object: Tensor, device: torch.device) -> None:
        weight = torch.zeros(motions.num_clips)
        for index, skill in enumerate(motions.skills):
            members = motions.clip_skill.cpu() == index
            share = 2.0 if skill == "grasp" else 1.0
            weight[members] = share / max(int(members.sum()), 1)
        own = motions.clip_object.cpu() == torch.arange(len(motions.objects))[:, None]  # (O, M)
        self._weights = (weight * own).to(device)
        self._world_object = world_object.to(device)

    def draw(self, world_ids: Tensor, generator: torch.Generator) -> Tensor:
        """Clip ids (n,)."""
        weights = self._weights[self._world_object[world_ids]]
        return torch.multinomial(weights, 1, generator=generator).squeeze(1)


def draw_frames(reference: Reference, clip_ids: Tensor, config: ResetConfig, generator: torch.Generator) -> Tensor:
    """Start frames (n,): the first one for a share of the worlds, otherwise uniform up to two before the end."""
    u, first = torch.rand(2, len(clip_ids), generator=generator, device=clip_ids.device)
    last = (reference.lengths[clip_ids] - 2).clamp_min(1)
    frames = (u * last).long()
    return torch.where(first < config.first_frame_share, torch.zeros_like(frames), frames)


def perturb(now: Now, hand: HandSpec, config: ResetConfig, generator: torch.Generator) -> Start:
    """The reference state with feasible perturbations, each switched on with probability ``config.noise``.

    Untouched objects are shifted (never downwards) and turned about the vertical only; held ones less.
    """
    n, device = len(now.joint_pos), now.joint_pos.device

    def noise(size: float, *shape: int) -> Tensor:
        on = torch.rand(n, *[1] * len(shape), generator=generator, device=device) < config.noise
        return on * size * (2.0 * torch.rand(n, *shape, generator=generator, device=device) - 1.0)

    fingers = hand.num_joints - 6
    free = (now.contact == 0)[:, None]
    shift = torch.where(free, noise(config.free_object_pos, 3), noise(config.held_object_pos, 3))
    lift = torch.where(free[:, 0], shift[:, 2].abs(), shift[:, 2])
    yaw = torch.where(free[:, 0], noise(config.free_object_yaw), noise(config.held_object_yaw))
    vertical = torch.tensor([0.0, 0.0, 1.0], device=device)
    joint_pos = now.joint_pos.clone()
    joint_pos[:, 6:] += noise(config.finger_pos, fingers)
    joint_vel = now.joint_vel.clone()
    joint_vel[:, 6:] += noise(config.finger_vel, fingers)
    return Start(
        joint_pos=joint_pos.clamp(hand.joint_lower.to(device), hand.joint_upper.to(device)),
        joint_vel=joint_vel,
        object_pos_w=now.object_pos_w + torch.cat([shift[:, :2], lift[:, None]], dim=1),
        object_quat_w=rotations.multiply(rotations.from_axis_angle(vertical, yaw), now.object_quat_w),
        object_linvel_w=now.object_linvel_w + noise(config.object_linvel, 3),
        object_angvel_w=now.object_angvel_w + noise(config.object_angvel, 3),
    )
