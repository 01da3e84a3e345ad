"""How far long sequences are tracked, and in which skill they are lost."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from hot.evaluation.judging import Exam, track
from hot.evaluation.metrics import FrameErrors, clip_mean, frame_errors, hot_frames, middle_frames, strict_frames
from hot.evaluation.report import OPEN_LOOP, POLICY, ClipScore, Rate
from hot.intervals import wilson
from hot.motions import Motions
from hot.physics.engines import concrete
from hot.progress import Progress, silent
from hot.rollouts import Acting, Trace


class _Result(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SequenceScore(_Result):
    """One clip under the HOT rule."""

    clip_id: int
    seconds: float
    tracked_seconds: float
    """Until it was lost; all of it if it never was."""
    lost_in: Optional[str]
    """The skill in which it was lost; None if it was tracked to the end."""
    strict: bool
    """Whether the strict rule holds to the end too."""
    e_op_cm: Optional[float]
    """Mean error of the object's surface points; None where the simulation was not finite."""


class SkillLoss(_Result):
    """The stretches of one skill that were entered while their clips were still tracked."""

    skill: str
    stretches: int
    lost: int
    median_second: Optional[float]
    """Of the clip, at which those that were lost were; None if none was."""


class SequenceReport(_Result):
    """One controller on composed clips of one hand and object."""

    hand: str
    object: str
    controller: str
    engine: str
    noise: float
    clips: int
    seconds: float
    """Mean length of a clip."""
    tracked: Rate
    """Clips that are tracked to the end: HOT rule on all frames but the first and last 10."""
    strict: Rate
    """The same by the strict rule."""
    tracked_seconds: float
    """Share of all seconds before clips were lost, in [0, 1]."""
    skills: Tuple[SkillLoss, ...]
    scores: Tuple[SequenceScore, ...]


class SequencesReport(_Result):
    """Controllers side by side on the same composed clips, and what reproduces them."""

    sequence: str
    seed: int
    physics: Dict[str, Any]
    policies: Dict[str, str]
    """Path of the policy of each skill, "all" where it is one for all others; empty for the open loop alone."""
    controllers: Tuple[SequenceReport, ...]


def judge_sequences(policy: Optional[Acting], exam: Exam, progress: Progress = silent) -> Tuple[SequenceReport, Trace]:
    """Track composed clips to their end.

    Args:
        policy: None for the open loop.

    Raises:
        HotError: the policy is for another hand or for joints of other names.
    """
    controller = OPEN_LOOP if policy is None else POLICY
    trace, task = track(policy, exam, f"sequences, {controller}", progress=progress)
    errors = frame_errors(trace, exam.object_spec)
    scores = _scores(trace, errors, exam.motions)
    return SequenceReport(
        hand=trace.hand,
        object=trace.object,
        controller=controller,
        engine=concrete(task.physics.engine),
        noise=task.reset.noise,
        clips=len(scores),
        seconds=sum(score.seconds for score in scores) / len(scores),
        tracked=_rate([score.lost_in is None for score in scores]),
        strict=_rate([score.strict for score in scores]),
        tracked_seconds=sum(score.tracked_seconds for score in scores) / sum(score.seconds for score in scores),
        skills=_losses(scores, exam.motions),
        scores=scores,
    ), trace


def clip_scores(report: SequenceReport) -> Tuple[ClipScore, ...]:
    """The scores as those of clips of one skill, for drawing."""
    return tuple(
        ClipScore(clip_id=each.clip_id, means={"e_op_cm": each.e_op_cm}, success={"hot": each.lost_in is None})
        for each in report.scores
    )


def _scores(trace: Trace, errors: FrameErrors, motions: Motions) -> Tuple[SequenceScore, ...]:
    bad = middle_frames(errors.valid) & ~hot_frames(errors)
    lost, frame = bad.any(0) | ~errors.finite, bad.float().argmax(0)  # (N,)
    strict = ((strict_frames(errors) | ~middle_frames(errors.valid)).all(0) & errors.finite).tolist()
    means = clip_mean(errors.point_cm, errors).tolist()
    scores = []
    for world, clip in enumerate(trace.clip_ids.tolist()):
        length = int(motions.lengths[clip])
        reached = int(frame[world]) + 1 if bool(lost[world]) else length  # row t is the instant of frame t + 1
        scores.append(
            SequenceScore(
                clip_id=clip,
                seconds=length / motions.fps,
                tracked_seconds=reached / motions.fps,
                lost_in=_skill_at(motions, clip, reached) if bool(lost[world]) else None,
                strict=strict[world],
                e_op_cm=means[world] if torch.isfinite(torch.tensor(means[world])) else None,
            )
        )
    return tuple(scores)


def _skill_at(motions: Motions, clip: int, frame: int) -> str:
    return motions.skills[int(motions.skill_of_frames[int(motions.clip_start[clip]) + frame])]


def _losses(scores: Tuple[SequenceScore, ...], motions: Motions) -> Tuple[SkillLoss, ...]:
    entered: Dict[str, int] = {}
    lost: Dict[str, List[float]] = {}
    for score in scores:
        for skill, start in _stretches(motions, score.clip_id):
            if start / motions.fps <= score.tracked_seconds:
                entered[skill] = entered.get(skill, 0) + 1
        if score.lost_in is not None:
            lost.setdefault(score.lost_in, []).append(score.tracked_seconds)
    return tuple(
        SkillLoss(skill=skill, stretches=count, lost=len(lost.get(skill, [])), median_second=_median(lost.get(skill)))
        for skill, count in sorted(entered.items())
    )


def _stretches(motions: Motions, clip: int) -> List[Tuple[str, int]]:
    """Skill and first frame of each stretch of a clip."""
    skill: Tensor = motions.skill_of_frames[int(motions.clip_start[clip]) : int(motions.clip_start[clip + 1])]
    first = torch.cat([torch.ones(1, dtype=torch.bool), skill[1:] != skill[:-1]])
    return [(motions.skills[int(skill[frame])], frame) for frame in first.nonzero()[:, 0].tolist()]


def _median(values: Optional[List[float]]) -> Optional[float]:
    return sorted(values)[len(values) // 2] if values else None


def _rate(good: List[bool]) -> Rate:
    interval = wilson(sum(good), len(good))
    return Rate(successes=sum(good), clips=len(good), low=interval.low, high=interval.high)
