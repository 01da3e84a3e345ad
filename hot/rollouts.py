"""The one loop that runs a policy outside training, and the value it yields: a trace of every world."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Callable, Dict, Optional, Sequence, Tuple, Union

import torch
from torch import Tensor

from hot.policies import Policy, SwitchedPolicy
from hot.progress import Progress, silent
from hot.tracking import Step, TrackingEnv

Acting = Union[Policy, SwitchedPolicy]
"""What can act in a roll-out."""


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
    diverged: Tensor  # (T, N) bool: the engine gave the world up
    targets: Tensor  # (T, N, D) drive targets that were sent for the step
    joint_pos: Tensor  # (T, N, D)
    joint_vel: Tensor  # (T, N, D)
    key_pos_w: Tensor  # (T, N, K, 3), the wrist last
    object_pos_w: Tensor  # (T, N, 3)
    object_quat_w: Tensor  # (T, N, 4)
    object_linvel_w: Tensor  # (T, N, 3)
    object_angvel_w: Tensor  # (T, N, 3)
    touching: Tensor  # (T, N) bool
    ref_joint_pos: Tensor  # (T, N, D)
    ref_key_pos_w: Tensor  # (T, N, K, 3)
    ref_object_pos_w: Tensor  # (T, N, 3)
    ref_object_quat_w: Tensor  # (T, N, 4)
    reward: Tensor  # (T, N)

    def to(self, device: Union[str, torch.device]) -> Trace:
        """The same trace on another device."""
        return replace(self, **{name: getattr(self, name).to(device) for name in _columns(self)})


@dataclass(frozen=True)
class Disturbance:
    """What each of N worlds meets beside its clip. Given world by world, it does not depend on how many run at once."""

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

    def rows(self, worlds: slice) -> Disturbance:
        """That of some of the worlds."""
        return replace(
            self,
            start=self.start[worlds],
            force_w=None if self.force_w is None else self.force_w[worlds],
            force_from=None if self.force_from is None else self.force_from[worlds],
            factors=self.factors and {name: factor[worlds] for name, factor in self.factors.items()},
        )

    def force_at(self, frame: int, device: torch.device) -> Optional[Tensor]:
        """Force (N, 3) [N] during the step from ``frame``, or None where there are no pushes."""
        if self.force_w is None or self.force_from is None:
            return None
        on = (frame >= self.force_from) & (frame < self.force_from + self.force_frames)
        return (self.force_w * on[:, None]).to(device)


def roll_out(
    env: TrackingEnv,
    policy: Optional[Acting],
    frames: int,
    progress: Progress = silent,
    what: str = "rolling out",
    disturbance: Optional[Disturbance] = None,
) -> Trace:
    """Track every clip of the environment's motions from its first frame, one world a clip.

    Args:
        env: made with as many worlds as clips, and without automatic restarts.
        policy: None for the open loop, whose targets are the reference's commands. A switched one acts by the skill
            of the frame that the step leads to.
        frames: control steps; shorter clips are held at their last frame and marked invalid there.
        disturbance: what the worlds meet; without one the environment perturbs the start states by its own draws.

    Returns:
        The trace, on the environment's device.
    """
    clip_ids = torch.arange(env.num_envs, device=env.device)
    observation = _begin(env, clip_ids, disturbance)
    act = _actor(env, policy)
    rows = []
    for frame in range(frames):
        force_w = disturbance and disturbance.force_at(frame, env.device)
        if force_w is not None:
            env.physics.set_object_force(force_w)
        step = env.step(act(observation))
        observation = step.observation
        rows.append(_row(env, step))
        progress(what, frame + 1, frames, {"worlds": env.num_envs})
    columns = {name: torch.stack([row.pop(name) for row in rows]) for name in tuple(rows[0])}
    names = env.motions
    return Trace(hand=env.hand.name, object=names.objects[0], skill=names.skills[0], clip_ids=clip_ids, **columns)


def join(traces: Sequence[Trace]) -> Trace:
    """One trace of all worlds in order; the traces are of consecutive parts of one motion set, equally long."""
    first, *others = traces
    if not others:
        return first
    columns = [name for name in _columns(first) if name != "clip_ids"]
    joined = {name: torch.cat([getattr(each, name) for each in traces], dim=1) for name in columns}
    valid = joined["valid"]
    return replace(first, clip_ids=torch.arange(valid.shape[1], device=valid.device), **joined)


def _columns(trace: Trace) -> Tuple[str, ...]:
    """Names of the fields that are tensors."""
    return tuple(each.name for each in fields(Trace) if isinstance(getattr(trace, each.name), Tensor))


def _begin(env: TrackingEnv, clip_ids: Tensor, disturbance: Optional[Disturbance]) -> Tensor:
    """The first observation (N, O)."""
    if disturbance is None:
        return env.reset(clip_ids)
    if disturbance.factors:
        env.physics.randomize(**{name: factor.to(env.device) for name, factor in disturbance.factors.items()})
    return env.reset(clip_ids, disturbance.start.to(env.device))


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
        "valid": env.frames < env.reference.lengths[env.clip_ids],
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
