"""Judging skill by skill: every engine, every condition, the open loop and the policy, on the same clips."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Dict, List, Optional, Tuple

from hotcli import clips

if TYPE_CHECKING:
    from hot.evaluation import ClipScore, Comparison, Condition, Exam, Report, SkillReport
    from hot.hands import HandSpec
    from hot.motions import Motions
    from hot.objects import ObjectSpec
    from hot.policies import Policy
    from hot.presets import Preset
    from hot.progress import Progress
    from hot.rollouts import Trace
    from hotcli.controllers import Controller

Presets = Dict[str, "Preset"]
"""The preset of each engine to judge on, the first one leading; they differ in nothing but what engines change."""


@dataclass(frozen=True)
class Judged:
    """One skill's results, and what is needed to draw it."""

    rows: Tuple[SkillReport, ...]
    trace: Trace
    """Of the policy, or of the open loop where there is none, in the plain condition on the leading engine."""
    scores: Tuple[ClipScore, ...]


def judge(
    controller: Controller,
    presets: Presets,
    hand: HandSpec,
    object_spec: ObjectSpec,
    clip_sets: Dict[str, Motions],
    robustness: bool,
    progress: Progress,
) -> Dict[str, Judged]:
    """Results by skill; with ``robustness`` in every condition of the preset, else in the plain one."""
    from hot import evaluation

    leading = next(iter(presets.values()))
    met = evaluation.conditions(leading.evaluation.robustness) if robustness else (evaluation.Condition(),)
    return {
        skill: _judge_skill(
            [exam(preset, hand, object_spec, motions) for preset in presets.values()], met, controller.policy, progress
        )
        for skill, motions in clip_sets.items()
    }


def read_clips(
    source: Optional[Path], preset: Preset, hand: HandSpec, object_spec: ObjectSpec, progress: Progress
) -> Dict[str, Motions]:
    """Clips by skill, from ``source`` or held out by the planner; no more than the preset wants."""
    if source:
        sets = clips.read(source, hand, object_spec, preset)
    else:
        sets = {skill: clips.planned(hand, object_spec, skill, preset, "test", progress) for skill in preset.skills}
    return {
        skill: motions.select(range(min(motions.num_clips, preset.evaluation.clips))) for skill, motions in sets.items()
    }


def report(controller: Controller, presets: Presets, judged: Dict[str, Judged]) -> Report:
    """Everything that was judged, with the differences between controllers and between engines."""
    from hot import evaluation

    rows = [row for each in judged.values() for row in each.rows]
    leading = next(iter(presets.values()))
    return evaluation.Report(
        hand=rows[0].hand,
        objects=(rows[0].object,),
        physics={engine: preset.physics.fine().model_dump() for engine, preset in presets.items()},
        seed=leading.evaluation.seed,
        noise=leading.evaluation.noise,
        policy=str(controller.path) if controller.path else None,
        skills=tuple(rows),
        comparisons=tuple(pair for each in judged.values() for pair in _comparisons(each.rows)),
    )


def exam(preset: Preset, hand: HandSpec, object_spec: ObjectSpec, motions: Motions) -> Exam:
    """What a preset asks of one skill's clips."""
    from hot import evaluation, presets

    frames = preset.evaluation.frames or presets.test_frames(motions.skills[0])
    reset = preset.reset.model_copy(update={"noise": preset.evaluation.noise})
    task = preset.task.model_copy(update={"reset": reset})
    return evaluation.Exam(task, hand, object_spec, motions, frames, preset.evaluation.seed, preset.evaluation.worlds)


def _judge_skill(exams: List[Exam], met: Tuple[Condition, ...], policy: Optional[Policy], progress: Progress) -> Judged:
    from hot import evaluation

    rows: List[SkillReport] = []
    drawn: List[Tuple[Trace, SkillReport]] = []
    for each in exams:
        for condition in met:
            for acting in (None,) if policy is None else (None, policy):
                row, trace = evaluation.judge(acting, each, condition, progress)
                rows.append(row)
                if each is exams[0] and condition is met[0] and acting is policy:
                    drawn.append((trace, row))  # no other trace is kept: each holds every clip's every frame
    (trace, row), *_ = drawn
    return Judged(tuple(rows), trace, row.scores)


def _comparisons(rows: Tuple[SkillReport, ...]) -> List[Comparison]:
    """The policy minus the open loop wherever both met the same, and the leading engine minus each other one."""
    from hot import evaluation

    found = {(row.engine, row.condition, row.controller): row for row in rows}
    leading, pairs = rows[0].engine, []
    for (engine, condition, controller), row in found.items():
        if controller != evaluation.OPEN_LOOP:
            pairs.append((row, found[engine, condition, evaluation.OPEN_LOOP]))
        if engine != leading:
            pairs.append((found[leading, condition, controller], row))
    return [evaluation.compare(first, second) for first, second in pairs]
