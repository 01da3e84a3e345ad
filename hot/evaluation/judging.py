"""Judge a controller: roll it out on clips from their first frame, at the fine time step, and score the trace."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import Any, Dict, Optional, Tuple

from hot.errors import HotError
from hot.evaluation.conditions import AS_CONFIGURED, Condition, disturbance
from hot.evaluation.report import OPEN_LOOP, POLICY, SkillReport
from hot.evaluation.summary import summarise
from hot.hands import HandSpec
from hot.motions import Motions
from hot.objects import ObjectSpec
from hot.physics.engines import concrete, runs_on_gpu
from hot.planning.inspection import resting_poses
from hot.policies import Policy
from hot.progress import Progress, silent
from hot.rollouts import Acting, Trace, enough_worlds, roll_out
from hot.tracking import TrackingEnv
from hot.tracking.config import ActionConfig, ObservationConfig, RandomizationConfig, TaskConfig, TerminationConfig

CPU_WORLDS, GPU_WORLDS = 512, 16384
"""Most worlds at once: more would need memory."""


@dataclass(frozen=True)
class Exam:
    """What controllers are judged on: the clips of one skill, or composed ones, and one object.

    ``task``'s physics is refined and its perturbation kept; a policy brings its own observation and action. Of each
    clip the first ``frames`` are tracked; shorter clips end earlier. ``seed`` is that of all disturbances.
    """

    task: TaskConfig
    hand: HandSpec
    object_spec: ObjectSpec
    motions: Motions
    frames: int
    seed: int
    worlds: Optional[int] = None
    """Most clips tracked at once; None takes 512 on a CPU and 16,384 on a GPU."""
    sequence: Optional[str] = None
    """What composed clips are called; None for clips of one skill, which are judged by its own rule too."""


def judge(
    policy: Optional[Policy], exam: Exam, condition: Condition = AS_CONFIGURED, progress: Progress = silent
) -> Tuple[SkillReport, Trace]:
    """Track every clip of an exam in one condition. What a clip meets does not depend on how many run at once.

    Args:
        policy: None for the open loop.
        condition: by default, the task's own.

    Raises:
        HotError: the policy is for another hand or for joints of other names.
    """
    controller = OPEN_LOOP if policy is None else POLICY
    what = f"{exam.sequence or exam.motions.skills[0]}, {condition.name}, {controller}"
    trace, task = track(policy, exam, what, condition, progress)
    if exam.sequence is not None:
        trace = replace(trace, skill=exam.sequence)
    poses = resting_poses(exam.motions, exam.object_spec)
    report = summarise(trace, exam.object_spec, controller, poses, skill_rule=exam.sequence is None)
    facts = {"condition": condition.name, "engine": concrete(task.physics.engine), "noise": task.reset.noise}
    return report.model_copy(update=facts), trace


def track(
    policy: Optional[Acting],
    exam: Exam,
    what: str,
    condition: Condition = AS_CONFIGURED,
    progress: Progress = silent,
    device: Optional[str] = "cpu",
) -> Tuple[Trace, TaskConfig]:
    """The trace of every clip of an exam, unscored, and the task as it was judged; ``what`` heads the progress.

    Args:
        device: where the trace shall be; None for where it was made.

    Raises:
        HotError: the policy is for another hand or for joints of other names.
    """
    task = _judging(exam, condition, policy)
    met = disturbance(condition, exam.motions, exam.hand, exam.frames, exam.seed)
    motions, steps = exam.motions, min(exam.frames, int(exam.motions.lengths.max())) - 1
    most = exam.worlds or (GPU_WORLDS if runs_on_gpu(task.physics.engine) else CPU_WORLDS)
    env = TrackingEnv(
        exam.hand,
        {motions.objects[0]: exam.object_spec},
        motions,
        task,
        num_envs=enough_worlds((motions.lengths - 1).clamp(1, steps), most),
        seed=exam.seed,
        auto_reset=False,
    )
    with contextlib.closing(env):
        trace = roll_out(env, policy and policy.to(env.device), steps, progress, what, met)
    return trace if device is None else trace.to(device), task


def _judging(exam: Exam, condition: Condition, policy: Optional[Acting]) -> TaskConfig:
    """The task as it is judged: fine physics, nothing given up, seen and acted on as the policy was trained."""
    task, hand = exam.task, exam.hand
    changes: Dict[str, Any] = {
        "physics": task.physics.fine(),
        "termination": TerminationConfig(enabled=False),
        "randomization": RandomizationConfig(),
    }
    if condition.noise is not None:
        changes["reset"] = task.reset.model_copy(update={"noise": condition.noise})
    if policy is not None:
        spec = policy.spec
        if spec.hand != hand.name:
            raise HotError(f"this policy drives the {spec.hand} hand, not {hand.name}: choose --hand {spec.hand}")
        if spec.joint_names != tuple(hand.joint_names):
            raise HotError(f"this policy was trained with other joints of the {hand.name} hand: train it again")
        changes["action"] = ActionConfig(**spec.action)
        changes["observation"] = ObservationConfig(**spec.observation)
    return task.model_copy(update=changes)
