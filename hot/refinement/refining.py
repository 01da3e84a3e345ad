"""Roll a policy over clips from their first frame, and keep what succeeded."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any, Dict, Mapping, Optional, Sequence

import torch
from torch import Tensor

from hot.evaluation import Exam, Verdict, frame_errors, hot_success, skill_success
from hot.evaluation.judging import track
from hot.motions import Motions
from hot.physics import CONTROL_DT
from hot.physics.engines import concrete, runs_on_gpu
from hot.policies import Policy, PolicyFile
from hot.progress import Progress, silent
from hot.refinement.realised import realised
from hot.refinement.report import SkillRefinement

_AT_ONCE = {"cpu": 2048, "cuda": 16384}
"""Clips whose frames are in memory at once: a gigabyte of a CPU's, ten of a GPU's."""


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
    began, motions = time.perf_counter(), exam.motions
    unperturbed = exam.task.reset.model_copy(update={"noise": 0.0})
    exam = replace(exam, task=exam.task.model_copy(update={"reset": unperturbed}))
    clock = _Clock(progress, f"rolling out {motions.skills[0]}", int((motions.lengths - 1).sum()), began)
    parts = [_part(policy, exam, clip_ids, clock) for clip_ids in _parts(motions, exam.task.physics.engine)]
    kept = [part.clips for part in parts if part.clips is not None]
    clips = Motions.concatenate(kept) if kept else None
    report = SkillRefinement(
        skill=motions.skills[0],
        hand=exam.hand.name,
        object=exam.object_spec.name,
        policy=file,
        source=source,
        engine=concrete(exam.task.physics.engine),
        physics=exam.task.physics.fine().model_dump(mode="json"),
        clips=motions.num_clips,
        kept=0 if clips is None else clips.num_clips,
        by_rule=sum(int(part.rule.success.sum()) for part in parts),
        by_hot=sum(int(part.hot.success.sum()) for part in parts),
        too_short=sum(int((~part.rule.judged).sum()) for part in parts),
        diverged=sum(int(part.diverged.sum()) for part in parts),
        clip_frames=clock.total,
        seconds=time.perf_counter() - began,
        sources=() if clips is None or clips.clip_source is None else tuple(clips.clip_source.tolist()),
    )
    return Refined(clips and replace(clips, meta=_meta(report, motions)), report)


@dataclass(frozen=True)
class _Part:
    """Some of the clips, rolled out together."""

    clips: Optional[Motions]
    """Those that were kept, on the CPU."""
    rule: Verdict
    hot: Verdict
    diverged: Tensor  # (n,) bool


def _parts(motions: Motions, engine: str) -> Sequence[Tensor]:
    """Clips (n,) that are rolled out together."""
    most = _AT_ONCE["cuda" if runs_on_gpu(engine) else "cpu"]
    return torch.arange(motions.num_clips).tensor_split(-(-motions.num_clips // most))


def _part(policy: Policy, exam: Exam, clip_ids: Tensor, clock: _Clock) -> _Part:
    motions = exam.motions.select(clip_ids)
    whole = replace(exam, motions=motions, frames=int(motions.lengths.max()))
    report = clock.part(int((motions.lengths - 1).sum()))
    trace, task = track(policy, whole, clock.what, progress=report, device=None)
    errors = frame_errors(trace, exam.object_spec)
    rule, hot, diverged = skill_success(trace, errors), hot_success(errors), (trace.diverged & trace.valid).any(0)
    kept = (rule.success & hot.success & ~diverged).nonzero()[:, 0]
    if not len(kept):
        return _Part(None, rule, hot, diverged)
    clips = realised(trace, motions.to(kept.device), kept, exam.hand, CONTROL_DT / task.physics.substeps)
    return _Part(replace(clips.to("cpu"), clip_source=clip_ids[kept.cpu()]), rule, hot, diverged)


def _meta(report: SkillRefinement, source: Motions) -> Dict[str, Any]:
    facts = report.model_dump(mode="json", exclude={"sources", "hand", "object", "skill"})
    return {"generator": "hot.refinement", **facts, "source_meta": source.meta}


class _Clock:
    """Progress of all parts as one, in clip-frames, with their rate."""

    def __init__(self, progress: Progress, what: str, total: int, began: float) -> None:
        self.what, self.total = what, total
        self._progress, self._began, self._before = progress, began, 0

    def part(self, clip_frames: int) -> Progress:
        """Progress of the next part."""
        before = self._before
        self._before += clip_frames

        def report(what: str, done: int, total: int, figures: Mapping[str, float]) -> None:
            passed = before + clip_frames * done / total
            rate = passed / (time.perf_counter() - self._began)
            self._progress(what, round(passed), self.total, {**figures, "clip-frames/s": rate})

        return report
