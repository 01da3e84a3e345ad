"""Judging cell by cell: every engine, every condition, the open loop and the policies, on the same clips."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Dict, Iterator, List, Optional, Sequence, Tuple

from hot.errors import ConfigError, HotError
from hotcli import clips, sequences
from hotcli.progress import within

if TYPE_CHECKING:
    from hot.evaluation import ClipScore, Comparison, Condition, Exam, LeftOut, Report, SkillReport
    from hot.hands import HandSpec
    from hot.motions import Motions
    from hot.objects import ObjectSpec
    from hot.policies import Policy
    from hot.presets import Preset
    from hot.progress import Progress
    from hot.rollouts import Trace
    from hotcli.sequences import Wanted
    from hotcli.subjects import Subject

_UNSEEN = ("object", "skill", "size", "sequence")
"""What may be new to a policy, in the order in which it is told."""

_JUDGING = "judging"
_PLANNING = 0.1
"""Share of an object's progress in which its clips are planned."""


@dataclass(frozen=True)
class Cells:
    """What each object is judged on beside its preset's skills."""

    source: Optional[Path] = None
    """Of the clips; None for held-out ones of the planner."""
    sizes: Tuple[float, ...] = ()
    sequence: Optional[Wanted] = None
    robustness: bool = False


@dataclass(frozen=True)
class ClipSet:
    """The clips of one cell."""

    skill: str
    """Or the name of composed sequences."""
    motions: Motions
    object_spec: ObjectSpec
    """In its size."""
    size: float = 1.0
    sequence: bool = False


@dataclass(frozen=True)
class Judged:
    """One cell's results, and what is needed to draw it."""

    rows: Tuple[SkillReport, ...]
    trace: Trace
    """Of the first policy, or of the open loop where there is none, in the plain condition on the leading engine."""
    clips: ClipSet

    @property
    def scores(self) -> Tuple[ClipScore, ...]:
        """Of the trace."""
        return next(row for row in self.rows if row.controller == self._drawn).scores

    @property
    def _drawn(self) -> str:
        names = list(dict.fromkeys(row.controller for row in self.rows))
        return names[min(1, len(names) - 1)]  # the open loop is judged first


def read_clips(subject: Subject, cells: Cells, progress: Progress) -> List[ClipSet]:
    """The clips of every cell of an object.

    Raises:
        HotError: those of one cannot be had.
    """
    return [make() for _, make in _makers(subject, cells, progress)]


def read_possible_clips(subject: Subject, cells: Cells, progress: Progress) -> Tuple[List[ClipSet], List[LeftOut]]:
    """The clips of every cell of an object that has some, and why others have none."""
    from hot.evaluation import LeftOut

    found: List[ClipSet] = []
    left_out: List[LeftOut] = []
    for (skill, size), make in _makers(subject, cells, progress):
        if any(skill == each.skill and each.size == 1.0 for each in left_out):
            continue  # no clips to scale
        try:
            found.append(make())
        except HotError as error:
            left_out.append(LeftOut(object=subject.object_spec.name, skill=skill, size=size, reason=str(error)))
    return found, left_out


def judge(
    subject: Subject,
    sets: Sequence[ClipSet],
    robustness: bool,
    progress: Progress,
    share: Optional[Tuple[float, float]] = None,
) -> Iterator[Judged]:
    """Results of each cell; with ``robustness`` in every condition of the preset, else in the plain one. Progress is
    told judgement by judgement, or, if ``share`` is given, as that part, from 0 to 1, of one progress."""
    from hot import evaluation

    config = subject.leading.evaluation.robustness
    met = evaluation.conditions(config) if robustness else (evaluation.Condition(),)
    for index, clip_set in enumerate(sets):
        yield _judge_set(subject, clip_set, met, progress, share and _part(share, index, len(sets)))


def judge_possible(
    subject: Subject, cells: Cells, left_out: List[LeftOut], progress: Progress, share: Tuple[float, float]
) -> Iterator[Judged]:
    """Results of each cell that has clips; the others are added to ``left_out``. ``share`` is the object's part, from
    0 to 1, of the one progress of all objects."""
    begun = share[0] + _PLANNING * (share[1] - share[0])
    sets, missing = read_possible_clips(subject, cells, within(progress, _JUDGING, share[0], begun))
    left_out += missing
    yield from judge(subject, sets, cells.robustness, progress, (begun, share[1]))


def report(
    subjects: Sequence[Subject], rows: Sequence[SkillReport], left_out: Sequence[LeftOut], comparisons: List[Comparison]
) -> Report:
    """Everything that was judged, with the differences between controllers and between engines.

    Raises:
        ConfigError: that is nothing.
    """
    from hot import evaluation

    if not rows:
        reasons = "; ".join(evaluation.by_reason(left_out))
        raise ConfigError(f"nothing to judge, everything was left out: {reasons}")
    leading = subjects[0].leading
    paths = {row.policy for row in rows if row.policy is not None}
    return evaluation.Report(
        hand=rows[0].hand,
        objects=tuple(dict.fromkeys(row.object for row in rows)),
        physics={engine: preset.physics.fine().model_dump() for engine, preset in subjects[0].presets.items()},
        seed=leading.evaluation.seed,
        noise=leading.evaluation.noise,
        policy=paths.pop() if len(paths) == 1 else None,
        skills=tuple(rows),
        comparisons=tuple(comparisons),
        left_out=tuple(left_out),
    )


def exam(preset: Preset, hand: HandSpec, object_spec: ObjectSpec, motions: Motions) -> Exam:
    """What a preset asks of one skill's clips."""
    from hot import evaluation, presets

    frames = preset.evaluation.frames or presets.test_frames(motions.skills[0])
    reset = preset.reset.model_copy(update={"noise": preset.evaluation.noise})
    task = preset.task.model_copy(update={"reset": reset})
    return evaluation.Exam(task, hand, object_spec, motions, frames, preset.evaluation.seed, preset.evaluation.worlds)


def comparisons(rows: Sequence[SkillReport]) -> List[Comparison]:
    """Of one cell: the first policy minus the second, each policy minus the open loop wherever both met the same, and
    the leading engine minus each other one."""
    from hot import evaluation

    found = {(row.engine, row.condition, row.controller): row for row in rows}
    named = [name for name in dict.fromkeys(row.controller for row in rows) if name != evaluation.OPEN_LOOP]
    leading, pairs = rows[0].engine, []
    for (engine, condition, controller), row in found.items():
        if len(named) == 2 and controller == named[0]:
            pairs.append((row, found[engine, condition, named[1]]))
        if controller in named:
            pairs.append((row, found[engine, condition, evaluation.OPEN_LOOP]))
        if engine != leading:
            pairs.append((found[leading, condition, controller], row))
    return [evaluation.compare(first, second) for first, second in pairs]


def _makers(
    subject: Subject, cells: Cells, progress: Progress
) -> Iterator[Tuple[Tuple[str, float], Callable[[], ClipSet]]]:
    """Skill and size of each cell, and what makes its clips."""
    own: Dict[str, ClipSet] = {}

    def of_skill(skill: str) -> ClipSet:
        if skill not in own:
            own[skill] = _of_skill(subject, skill, cells.source, progress)
        return own[skill]

    for skill in subject.leading.skills:
        yield (skill, 1.0), lambda skill=skill: of_skill(skill)
        for size in cells.sizes:
            yield (skill, size), lambda skill=skill, size=size: _scaled(of_skill(skill), subject, size)
    wanted = cells.sequence
    if wanted is not None:
        yield (wanted.name, 1.0), lambda: _composed(subject, wanted, progress)


def _of_skill(subject: Subject, skill: str, source: Optional[Path], progress: Progress) -> ClipSet:
    """No more clips than the preset wants."""
    hand, object_spec, preset = subject.hand, subject.object_spec, subject.leading
    if source:
        one = preset.model_copy(update={"skills": (skill,)})
        motions = clips.read(source, hand, object_spec, one, progress)[skill]
    else:
        motions = clips.planned(hand, object_spec, skill, preset, "test", progress)
    motions = motions.select(range(min(motions.num_clips, preset.evaluation.clips)))
    return ClipSet(skill, motions, object_spec)


def _scaled(own: ClipSet, subject: Subject, size: float) -> ClipSet:
    """The clips adapted to the object in another size, as training adapts them."""
    from hot.planning.scaling import scale_clips, scaled_spec

    motions = scale_clips(own.motions, subject.hand, own.object_spec, size, subject.leading.synthesis)
    return replace(own, motions=motions, object_spec=scaled_spec(own.object_spec, size), size=size)


def _composed(subject: Subject, wanted: Wanted, progress: Progress) -> ClipSet:
    settings, config = subject.leading.evaluation, subject.leading.synthesis
    motions = sequences.composed(
        wanted, subject.hand, subject.object_spec, settings.clips, settings.seed, config, "test", progress
    )
    return ClipSet(wanted.name, motions, subject.object_spec, sequence=True)


def _exam_of(preset: Preset, subject: Subject, clip_set: ClipSet) -> Exam:
    if clip_set.sequence:
        made = sequences.exam(preset, subject.hand, clip_set.object_spec, clip_set.motions)
        return replace(made, sequence=clip_set.skill)
    return exam(preset, subject.hand, clip_set.object_spec, clip_set.motions)


def _judge_set(
    subject: Subject,
    clip_set: ClipSet,
    met: Tuple[Condition, ...],
    progress: Progress,
    share: Optional[Tuple[float, float]],
) -> Judged:
    from hot import evaluation

    exams = [_exam_of(preset, subject, clip_set) for preset in subject.presets.values()]
    acting: Dict[str, Optional[Policy]] = {evaluation.OPEN_LOOP: None}
    acting.update({name: each.policy for name, each in subject.controllers.items()})
    drawn = list(acting)[min(1, len(acting) - 1)]
    rows: List[SkillReport] = []
    kept: List[Trace] = []
    phases = [(each, condition, name) for each in exams for condition in met for name in acting]
    for index, (each, condition, name) in enumerate(phases):
        told = within(progress, _JUDGING, *_part(share, index, len(phases))) if share else progress
        row, trace = evaluation.judge(acting[name], each, condition, told)
        rows.append(row.model_copy(update=_facts(subject, clip_set, name)))
        if each is exams[0] and condition is met[0] and name == drawn:
            kept.append(trace)  # no other trace is kept: each holds every clip's every frame
    return Judged(tuple(rows), kept[0], clip_set)


def _part(share: Tuple[float, float], index: int, count: int) -> Tuple[float, float]:
    """One of ``count`` equal parts of a share."""
    low, step = share[0], (share[1] - share[0]) / count
    return low + index * step, low + (index + 1) * step


def _facts(subject: Subject, clip_set: ClipSet, controller: str) -> Dict[str, object]:
    """What a row says of its cell and of who is judged."""
    name, path = subject.object_spec.name, None
    unseen = {"sequence"} if clip_set.sequence else set()
    for each in subject.controllers.values():
        found = each.unseen(name, clip_set.skill, clip_set.size)
        unseen |= found - ({"skill"} if clip_set.sequence else set())
    if controller in subject.controllers:
        path = str(subject.controllers[controller].path)
    return {
        "object": name,
        "size": clip_set.size,
        "controller": controller,
        "policy": path,
        "unseen": tuple(what for what in _UNSEEN if what in unseen),
    }
