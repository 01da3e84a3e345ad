"""The one loop that runs a policy outside training, and the value it yields: a trace of every world."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Optional

import torch
from torch import Tensor

from hot.policies import Policy
from hot.progress import Progress, silent
from hot.tracking import Step, TrackingEnv


@dataclass(frozen=True)
class Trace:
    """What happened and what was asked, frame by frame: T frames, N worlds, K key bodies, P object points.

    Row t holds the state after step t beside the reference of the same instant (no lag).
    """

    hand: str
    object: str
    skill: str
    clip_ids: Tensor  # (N,) index of each world's clip in the motion set that was rolled out
    valid: Tensor  # (T, N) bool: the clip still runs at this frame
    joint_pos: Tensor  # (T, N, D)
    key_pos_w: Tensor  # (T, N, K, 3), the wrist last
    object_pos_w: Tensor  # (T, N, 3)
    object_quat_w: Tensor  # (T, N, 4)
    object_linvel_w: Tensor  # (T, N, 3)
    touching: Tensor  # (T, N) bool
    ref_joint_pos: Tensor  # (T, N, D)
    ref_key_pos_w: Tensor  # (T, N, K, 3)
    ref_object_pos_w: Tensor  # (T, N, 3)
    ref_object_quat_w: Tensor  # (T, N, 4)
    reward: Tensor  # (T, N)


def roll_out(
    env: TrackingEnv, policy: Optional[Policy], frames: int, progress: Progress = silent, what: str = "rolling out"
) -> Trace:
    """Track every clip of the environment's motions from its first frame, one world a clip.

    Args:
        env: made with as many worlds as clips, and without automatic restarts.
        policy: None for the open loop, whose targets are the reference's commands.
        frames: control steps; shorter clips are held at their last frame and marked invalid there.
    """
    clip_ids = torch.arange(env.num_envs, device=env.device)
    observation = env.reset(clip_ids)
    idle = torch.zeros(env.num_envs, env.num_actions, device=env.device)
    rows = []
    for frame in range(frames):
        action = idle if policy is None else policy.act(observation)
        step = env.step(action)
        observation = step.observation
        rows.append(_row(env, step))
        progress(what, frame + 1, frames, {"worlds": env.num_envs})
    columns = {name: torch.stack([row[name] for row in rows]).cpu() for name in rows[0]}
    names = env.motions
    return Trace(hand=env.hand.name, object=names.objects[0], skill=names.skills[0], clip_ids=clip_ids.cpu(), **columns)


def _row(env: TrackingEnv, step: Step) -> Dict[str, Tensor]:
    state = env.measure()
    sim, ref = state.sim, state.ref
    return {
        "valid": env.frames < env.reference.lengths[env.clip_ids],
        "joint_pos": sim.joint_pos.clone(),
        "key_pos_w": sim.key_pos_w.clone(),
        "object_pos_w": sim.object_pos_w.clone(),
        "object_quat_w": sim.object_quat_w.clone(),
        "object_linvel_w": sim.object_linvel_w.clone(),
        "touching": sim.touching.clone(),
        "ref_joint_pos": ref.joint_pos,
        "ref_key_pos_w": ref.key_pos_w,
        "ref_object_pos_w": ref.object_pos_w,
        "ref_object_quat_w": ref.object_quat_w,
        "reward": step.reward,
    }
