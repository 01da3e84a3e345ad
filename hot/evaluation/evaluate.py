"""Judge a controller: roll it out on clips from their first frame, at the fine time step, and score the trace."""

from __future__ import annotations

import contextlib
from typing import Optional, Tuple

from hot.errors import HotError
from hot.evaluation.report import OPEN_LOOP, SkillReport
from hot.evaluation.summary import summarise
from hot.hands import HandSpec
from hot.motions import Motions
from hot.objects import ObjectSpec
from hot.policies import Policy
from hot.progress import Progress, silent
from hot.rollouts import Trace, roll_out
from hot.tracking import TrackingEnv
from hot.tracking.config import ActionConfig, ObservationConfig, TaskConfig, TerminationConfig


def evaluate(
    policy: Optional[Policy],
    task: TaskConfig,
    hand: HandSpec,
    object_spec: ObjectSpec,
    motions: Motions,
    frames: int,
    seed: int,
    progress: Progress = silent,
) -> Tuple[SkillReport, Trace]:
    """Track every clip of one skill and one object, one world a clip.

    Args:
        policy: None for the open loop.
        task: its physics is refined and its perturbation kept; a policy brings its own observation and action.
        frames: frames of each clip; shorter clips end earlier.
        seed: of the perturbations, so that two controllers meet the same ones.

    Raises:
        HotError: the policy is for another hand or for joints of other names.
    """
    env = TrackingEnv(
        hand,
        {motions.objects[0]: object_spec},
        motions,
        _judging(task, policy, hand),
        num_envs=motions.num_clips,
        seed=seed,
        auto_reset=False,
    )
    controller = OPEN_LOOP if policy is None else "policy"
    with contextlib.closing(env):
        steps = min(frames, int(motions.lengths.max())) - 1
        acting = None if policy is None else policy.to(env.device)
        trace = roll_out(env, acting, steps, progress, f"{motions.skills[0]}, {controller}")
    return summarise(trace, object_spec, controller), trace


def _judging(task: TaskConfig, policy: Optional[Policy], hand: HandSpec) -> TaskConfig:
    """The task as it is judged: fine physics, nothing given up, seen and acted on as the policy was trained."""
    changes = {"physics": task.physics.fine(), "termination": TerminationConfig(enabled=False)}
    if policy is not None:
        spec = policy.spec
        if spec.hand != hand.name:
            raise HotError(f"this policy drives the {spec.hand} hand, not {hand.name}: choose --hand {spec.hand}")
        if spec.joint_names != tuple(hand.joint_names):
            raise HotError(f"this policy was trained with other joints of the {hand.name} hand: train it again")
        changes["action"] = ActionConfig(**spec.action)
        changes["observation"] = ObservationConfig(**spec.observation)
    return task.model_copy(update=changes)
