"""The loop: policies act, worlds step, and what happens is written down."""

from __future__ import annotations

from typing import Callable, Dict, List, Optional, Union

import torch
from torch import Tensor

from hot.policies import Policy, SwitchedPolicy
from hot.progress import Progress, silent
from hot.rollouts.disturbance import Disturbance
from hot.rollouts.schedule import Schedule, schedule
from hot.rollouts.trace import Trace
from hot.tracking import Step, TrackingEnv

Acting = Union[Policy, SwitchedPolicy]
"""What can act in a roll-out."""


def roll_out(
    env: TrackingEnv,
    policy: Optional[Acting],
    frames: int,
    progress: Progress = silent,
    what: str = "rolling out",
    disturbance: Optional[Disturbance] = None,
) -> Trace:
    """Track every clip of the environment's motions from its first frame.

    Args:
        env: made without automatic restarts; of fewer worlds than clips each tracks one clip after another.
        policy: None for the open loop, whose targets are the reference's commands. A switched one acts by the skill
            of the frame that the step leads to.
        frames: control steps after which clips that are longer end.
        disturbance: what the clips meet; without one the environment perturbs the start states by its own draws.

    Returns:
        The trace of all clips, on the environment's device.
    """
    lengths = (env.motions.lengths.cpu() - 1).clamp(max=frames)
    plan, act, rows = schedule(lengths.clamp_min(1), env.num_envs), _actor(env, policy), []
    met = disturbance and disturbance.to(env.device)
    observation = torch.empty(0)  # made when the first clips begin, which is before the first step
    for step, (clips, worlds) in enumerate(plan.starts(env.device)):
        if len(clips):
            observation = _begin(env, clips, worlds, met)
        force_w = met and met.force_at(env.clip_ids, env.frames)
        if force_w is not None:
            env.physics.set_object_force(force_w)
        taken = env.step(act(observation))
        observation = taken.observation
        rows.append(_row(env, taken))
        progress(what, step + 1, plan.steps, {"worlds": env.num_envs})
    return _trace(env, rows, plan, lengths)


def _begin(env: TrackingEnv, clips: Tensor, worlds: Tensor, met: Optional[Disturbance]) -> Tensor:
    """Put worlds (n,) at the first frames of clips (n,); the observation (N, O) of all worlds."""
    observation = env.reset(clips, None if met is None else met.start[clips], worlds)
    if met is not None and met.factors:
        env.physics.randomize(**{name: factor[env.clip_ids] for name, factor in met.factors.items()})
    return observation


def _trace(env: TrackingEnv, rows: List[Dict[str, Tensor]], plan: Schedule, lengths: Tensor) -> Trace:
    """From rows of worlds, step by step, to those of clips, frame by frame."""
    frame = torch.arange(int(lengths.max()))[:, None]
    step = (plan.begin + torch.minimum(frame, lengths - 1).clamp_min(0)).to(env.device)  # (T, N)
    world = plan.world.to(env.device)
    return Trace(
        hand=env.hand.name,
        object=env.motions.objects[0],
        skill=env.motions.skills[0],
        clip_ids=torch.arange(len(lengths), device=env.device),
        valid=(frame < lengths).to(env.device),
        **{name: torch.stack([row.pop(name) for row in rows])[step, world] for name in tuple(rows[0])},
    )


def _actor(env: TrackingEnv, policy: Optional[Acting]) -> Callable[[Tensor], Tensor]:
    """Actions (N, A) for observations (N, O) of the present instant."""
    if policy is None:
        idle = torch.zeros(env.num_envs, env.num_actions, device=env.device)
        return lambda observation: idle
    if isinstance(policy, Policy):
        return policy.act
    switched = policy
    return lambda observation: switched.act(observation, env.skill_due, env.motions.skills)


def _row(env: TrackingEnv, step: Step) -> Dict[str, Tensor]:
    state = env.measure()
    sim, ref = state.sim, state.ref
    return {
        "diverged": sim.diverged.clone(),
        "targets": env.targets.clone(),
        "joint_pos": sim.joint_pos.clone(),
        "joint_vel": sim.joint_vel.clone(),
        "key_pos_w": sim.key_pos_w.clone(),
        "object_pos_w": sim.object_pos_w.clone(),
        "object_quat_w": sim.object_quat_w.clone(),
        "object_linvel_w": sim.object_linvel_w.clone(),
        "object_angvel_w": sim.object_angvel_w.clone(),
        "touching": sim.touching.clone(),
        "ref_joint_pos": ref.joint_pos,
        "ref_key_pos_w": ref.key_pos_w,
        "ref_object_pos_w": ref.object_pos_w,
        "ref_object_quat_w": ref.object_quat_w,
        "reward": step.reward,
    }
