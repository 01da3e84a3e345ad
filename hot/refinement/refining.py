"""Roll a policy over clips from their first frame, and keep what succeeded."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Mapping, Optional

from torch import Tensor

from hot.evaluation import Exam, frame_errors, hot_success, skill_success
from hot.evaluation.judging import track
from hot.motions import Motions
from hot.physics import CONTROL_DT
from hot.physics.engines import concrete
from hot.policies import Policy
from hot.progress import Progress, silent
from hot.refinement.realised import realised
from hot.refinement.report import PolicyFile, SkillRefinement
from hot.rollouts import Trace


@dataclass(frozen=True)
class Refined:
    """The clips that were kept, None if there are none, and what was kept of how many."""

    motions: Optional[Motions]
    report: SkillRefinement


def refine(policy: Policy, file: PolicyFile, exam: Exam, source: str, progress: Progress = silent) -> Refined:
    """Roll a policy over the whole of every clip of an exam, and keep those that succeed.

    A clip is kept if it succeeds by its skill's own rule and by the HOT rule, and its world did not diverge. The
    skill's rules forgive too much by themselves: a grasp that lets the object fall after two thirds of the clip
    passes, and would be learnt from.

    Args:
        file: where the policy is from; it is noted in the clips' ``meta``.
        exam: of clips of one skill; its start states are taken unperturbed and its ``frames`` are not read.
        source: where the clips are from, for ``meta``.

    Raises:
        HotError: the policy is for another hand or for joints of other names.
    """
    began = time.perf_counter()
    motions, clip_frames = exam.motions, int((exam.motions.lengths - 1).sum())
    reset = exam.task.reset.model_copy(update={"noise": 0.0})
    task = exam.task.model_copy(update={"reset": reset})
    whole = replace(exam, task=task, frames=int(motions.lengths.max()))
    what = f"rolling out {motions.skills[0]}"
    trace, task = track(policy, whole, what, progress=_with_rate(progress, clip_frames, began))
    errors = frame_errors(trace, exam.object_spec)
    rule, hot, alive = skill_success(trace, errors), hot_success(errors), ~_diverged(trace)
    kept = (rule.success & hot.success & alive).nonzero()[:, 0]
    physics_dt = CONTROL_DT / task.physics.substeps
    clips = realised(trace, motions, kept, exam.hand, physics_dt) if len(kept) else None
    seconds = time.perf_counter() - began
    report = SkillRefinement(
        skill=motions.skills[0],
        hand=exam.hand.name,
        object=exam.object_spec.name,
        policy=file,
        source=source,
        seed=exam.seed,
        engine=concrete(task.physics.engine),
        physics=task.physics.model_dump(mode="json"),
        clips=motions.num_clips,
        kept=len(kept),
        by_rule=int(rule.success.sum()),
        by_hot=int(hot.success.sum()),
        too_short=int((~rule.judged).sum()),
        diverged=int((~alive).sum()),
        clip_frames=clip_frames,
        seconds=seconds,
        sources=tuple(kept.tolist()),
    )
    return Refined(clips and replace(clips, meta=_meta(report, motions)), report)


def _diverged(trace: Trace) -> Tensor:
    """Worlds (N,) bool that the engine gave up while their clip ran."""
    return (trace.diverged & trace.valid).any(0)


def _meta(report: SkillRefinement, source: Motions) -> Mapping[str, object]:
    facts = report.model_dump(mode="json", exclude={"sources", "hand", "object", "skill"})
    return {"generator": "hot.refinement", **facts, "source_meta": source.meta}


def _with_rate(progress: Progress, clip_frames: int, began: float) -> Progress:
    """The same progress with clip-frames a second so far."""

    def report(what: str, done: int, total: int, figures: Mapping[str, float]) -> None:
        rate = clip_frames * done / total / (time.perf_counter() - began)
        progress(what, done, total, {**figures, "clip-frames/s": rate})

    return report
