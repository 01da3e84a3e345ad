"""``hot distill``: from several teachers to one student."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Tuple

import typer
from typing_extensions import Annotated

from hot.errors import ConfigError
from hotcli import assets as foreign
from hotcli import choices, clips, console, faculty, options, progress, train

if TYPE_CHECKING:
    from hot.distillation import Teacher
    from hot.hands import HandSpec
    from hot.objects import ObjectSpec
    from hot.presets import Preset
    from hot.runs import Run
    from hot.training.ranks import Ranks


def distill(  # noqa: PLR0913  a command's parameters are its options
    hand: options.HandOption = None,
    objects: Annotated[
        Optional[List[str]],
        typer.Option(
            "--object", "--objects", help="Objects by commas; all: those with a policy.", show_default="Bottle"
        ),
    ] = None,
    skills: Annotated[
        Optional[List[str]],
        typer.Option("--skills", "--skill", help="Skills by commas, or all.", show_default="grasp,move,place"),
    ] = None,
    teacher: Annotated[
        Optional[List[str]],
        typer.Option(
            "--teacher",
            metavar="[NAMES=]PATH",
            help="A policy file, HAND/NAME or a run; NAMES are the objects or skills that it teaches. Repeatable.",
            show_default="each object's newest run, else its policy",
        ),
    ] = None,
    num_envs: options.NumEnvsOption = None,
    epochs: options.EpochsOption = None,
    minutes: options.MinutesOption = None,
    seed: options.SeedOption = None,
    engine: options.EngineOption = None,
    gpus: options.GpusOption = 1,
    motions: options.MotionsOption = None,
    assets: options.AssetsOption = None,
    refined: Annotated[
        Optional[Path],
        typer.Option("--refined", help="Folder of hot export refined; its clips are tracked instead of planned ones."),
    ] = None,
    out: options.OutOption = None,
    resume: options.ResumeOption = False,
    set_: options.SetOption = None,
    dry_run: options.DryRunOption = False,
) -> None:
    """Train one student to do what several teachers do, for all objects and skills."""
    length = options.training_length(seed, num_envs, epochs, minutes)
    overrides = {**length, **train.engine_unless_resumed(engine, resume), **options.assignments(set_)}
    skill_names = options.split_names(skills)
    names = foreign.find(assets, options.split_names(objects), planned=motions is None and refined is None)
    if resume:
        run, preset = _resumed(out, hand, names, skill_names, overrides)
    else:
        run, preset = None, _preset(hand, names, skill_names, overrides)
    if dry_run:
        return console.show(choices.preset_text(preset))
    if train.is_launched(preset, gpus):
        return None
    with train.together() as ranks:
        _distill(_lesson(preset, run, teacher or [], motions, refined), out, ranks)


@dataclass(frozen=True)
class _Lesson:
    """All that a distillation takes."""

    preset: Preset
    hand: HandSpec
    objects: List[ObjectSpec]
    old: Optional[Run]
    """The run that goes on, if one does."""
    teachers: List[Teacher]
    motions: Optional[Path]
    refined: Optional[Path]


def _preset(hand: Optional[str], names: List[str], skills: List[str], overrides: Mapping[str, Any]) -> Preset:
    """The student's preset.

    Raises:
        ConfigError: no object has a policy.
    """
    hand = hand or options.DEFAULT_HAND
    if [name.lower() for name in names] == ["all"]:
        names = faculty.objects_at_hand(hand)
        if not names:
            raise ConfigError(f"--objects all: no object has a policy of {hand}; hot train teacher makes one")
    return choices.make_shared_preset(hand, names, faculty.STUDENT_STAGE, skills, overrides)


def _resumed(
    out: Optional[Path], hand: Optional[str], names: List[str], skills: List[str], overrides: Mapping[str, Any]
) -> Tuple[Run, Preset]:
    """The run in ``out`` and its preset, whose length alone may be changed."""
    asked: Dict[str, Any] = options.given(hand=hand, skills=skills or None)
    if names and [name.lower() for name in names] != ["all"]:
        spelled = _preset(hand, names, skills, {})
        asked.update({"object": spelled.object, "others": list(spelled.others)})
    run, preset = train.resumed(out, {**asked, **overrides})
    if preset.stage != faculty.STUDENT_STAGE:
        raise ConfigError(f"{run.path} trains a teacher; {train.resume_hint(run)}")
    return run, preset


def _lesson(
    preset: Preset, old: Optional[Run], named: List[str], motions: Optional[Path], refined: Optional[Path]
) -> _Lesson:
    """With the teachers that were named or are at hand; a run that goes on keeps its own.

    Raises:
        ConfigError: a run that goes on was begun with others, or with other clips.
    """
    hand, objects = choices.load_all_specs(preset)
    asked = faculty.Asked(hand.name, tuple(spec.name for spec in objects), preset.skills)
    if old is None:
        return _Lesson(preset, hand, objects, None, faculty.choose(named, asked), motions, refined)
    made = old.provenance
    teachers = faculty.again(made["teachers"])
    if named and faculty.recorded(faculty.choose(named, asked)) != made["teachers"]:
        raise ConfigError(f"{old.path} was begun with other teachers; leave --teacher out to go on with those")
    for option, given in (("motions", motions), ("refined", refined)):
        if given is not None and str(given) != made[option]:
            raise ConfigError(f"{old.path} was begun with --{option} {made[option]}, not {given}")
    before = [Path(made[option]) if made[option] else None for option in ("motions", "refined")]
    return _Lesson(preset, hand, objects, old, teachers, *before)


def _distill(lesson: _Lesson, out: Optional[Path], ranks: Ranks) -> None:
    from hot import distillation, training

    preset, hand, specs = lesson.preset, lesson.hand, lesson.objects
    made = {
        "objects": list(preset.objects),
        "skills": list(preset.skills),
        "teachers": faculty.recorded(lesson.teachers),
        **{name: path and str(path) for name, path in (("motions", lesson.motions), ("refined", lesson.refined))},
    }
    with progress.drawn() as listener:
        with ranks.leader_first():  # it makes the clips that are missing, and the others read them
            data = clips.for_training(hand, specs, preset, lesson.motions, lesson.refined, listener)
        run: Run = ranks.share(train.begun(preset, lesson.old, out, made) if ranks.leads else None)
        console.note(f"Run: {run.path}  TensorBoard: tensorboard --logdir {run.log_path}")
        try:
            distillation.distill_student(
                training.TeacherData(hand, data.objects, data.motions, data.shares),
                lesson.teachers,
                preset.task,
                preset.ppo,
                preset.distillation,
                run,
                preset.seed,
                resume=lesson.old is not None,
                progress=listener,
            )
        except KeyboardInterrupt:
            console.note(train.resume_hint(run))
            raise
    console.note(f"Judge it: hot eval {shlex.quote(str(run.path))}")
    console.show(str(run.policy_path))
