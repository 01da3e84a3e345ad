"""``hot eval``: judge policies beside the open loop, on clips that nothing was trained on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, List, Optional, Sequence, Tuple

import typer
from typing_extensions import Annotated

from hotcli import assets as foreign
from hotcli import (
    choices,
    clips,
    console,
    controllers,
    exams,
    matrix_table,
    options,
    progress,
    report_table,
    sequences,
    subjects,
)
from hotcli.drawing import Artist

if TYPE_CHECKING:
    from hot.evaluation import Comparison, LeftOut, Report, SkillReport
    from hotcli.subjects import Subject

ObjectsOption = Annotated[
    Optional[str],
    typer.Option(
        "--object", "--objects", help="An object, several by commas, or all (hot objects list).", show_default="Bottle"
    ),
]
SkillsOption = Annotated[
    Optional[List[str]],
    typer.Option("--skill", "--skills", help="A skill, several by commas, or all.", show_default="grasp,move,place"),
]
EnginesOption = Annotated[
    Optional[str],
    typer.Option(
        "--engine", help="auto, mujoco, warp or isaacgym; several by commas, to compare them.", show_default="auto"
    ),
]


_RunArgument = Annotated[
    Optional[Path],
    typer.Argument(help="Run to judge.", show_default="the newest finished of hand and object, else a policy"),
]
_PolicyOption = Annotated[
    Optional[List[str]],
    typer.Option(
        "--policy",
        help="A policy file or HAND/NAME of hot policies, instead of a run; of a sequence also SKILL=FILE, repeatable.",
    ),
]
_LayoutOption = Annotated[
    Optional[str],
    typer.Option("--layout", help="upstream: policy files are .pth checkpoints of the original release."),
]
_CompareOption = Annotated[
    Optional[Tuple[Path, Path]],
    typer.Option("--compare", metavar="A B", help="Two runs or policies, on the same clips.", show_default=False),
]
_ScalesOption = Annotated[
    Optional[str],
    typer.Option("--scales", metavar="F[,F...]", help="Also objects so many times as large, such as 0.6,1.8."),
]
_SequenceOption = Annotated[
    Optional[str],
    typer.Option(
        "--sequence",
        help="Judge a script's clips (hot data compose) instead, or random; beside skills if --skill, --scales, "
        "--compare or several objects are given.",
    ),
]
_NoiseOption = Annotated[
    Optional[float], typer.Option("--noise", min=0, max=1, help="Perturbation of start states.", show_default="0")
]
_RobustnessOption = Annotated[
    bool, typer.Option("--robustness", help="Also under pushes, other masses and frictions, and start noise.")
]
_OutOption = Annotated[Optional[Path], typer.Option("--out", help="Folder of the report.", show_default="the run")]
_VideoOption = Annotated[
    Optional[Path], typer.Option("--video", help="Draw clips into an .mp4, .webp or .gif; one a skill.")
]
_VideoClipOption = Annotated[
    str, typer.Option("--video-clip", help="The clip to draw: best, median or worst; or all three.")
]


@dataclass(frozen=True)
class _Shown:
    """Where results go."""

    out: Optional[Path]
    video: Optional[Path]
    video_clip: str
    as_json: bool


def evaluate(  # noqa: PLR0913  a command's parameters are its options
    run: _RunArgument = None,
    policy: _PolicyOption = None,
    layout: _LayoutOption = None,
    compare: _CompareOption = None,
    scales: _ScalesOption = None,
    sequence: _SequenceOption = None,
    seconds: sequences.SecondsOption = None,
    hand: options.HandOption = None,
    object_: ObjectsOption = None,
    skill: SkillsOption = None,
    count: options.ClipsOption = None,
    noise: _NoiseOption = None,
    robustness: _RobustnessOption = False,
    seed: options.SeedOption = None,
    engine: EnginesOption = None,
    motions: options.MotionsOption = None,
    assets: options.AssetsOption = None,
    out: _OutOption = None,
    video: _VideoOption = None,
    video_clip: _VideoClipOption = "all",
    set_: options.SetOption = None,
    dry_run: options.DryRunOption = False,
    as_json: options.JsonOption = False,
) -> None:
    """Judge a policy beside the open loop on held-out clips, with 95 % intervals."""
    _check_named(run, policy, compare)
    assigned = options.assignments(set_)
    checkpoints = controllers.foreign(layout, assigned)
    if checkpoints is not None and not (policy or compare):
        raise typer.BadParameter("says what a --policy is: name one", param_hint="--layout")
    _check_video(video, video_clip)
    shown = _Shown(out, video, video_clip, as_json)
    overrides = options.given(evaluation__clips=count, evaluation__noise=noise, evaluation__seed=seed)
    if assets is not None:
        object_ = ",".join(foreign.find(assets, options.split_names([object_ or ""]), planned=motions is None))
    several = "," in (object_ or "") or (object_ or "").lower() == "all"
    if sequence is not None and not (skill or scales or compare or several):
        _refuse_beside_sequence(robustness=robustness, motions=motions, layout=layout)
        overrides.update({**choices.engine_of(engine), **assigned})
        exam = sequences.prepare(run, policy or [], hand, object_, sequences.read(sequence, seconds), overrides)
        return _sequences_alone(exam, shown, dry_run)
    wanted = None if sequence is None else sequences.read(sequence, seconds)
    cells = exams.Cells(motions, _sizes(scales), wanted, robustness)
    named = subjects.named(run, _one_file(policy, seconds if wanted is None else None), compare, checkpoints)
    listed = subjects.object_list(object_, named, wanted.object_name if wanted else None)
    _check_motions(motions, listed)
    skills = tuple(options.split_names(skill))
    asked = subjects.Asked(hand, listed, skills, engine, overrides, assigned, has_clips=motions is not None)
    _matrix(*subjects.find(asked, named), cells, shown, dry_run)


def _sequences_alone(exam: sequences.SequenceExam, shown: _Shown, dry_run: bool) -> None:
    if dry_run:
        return console.show(choices.preset_text(exam.preset))
    sequences.evaluate(exam, shown.out, shown.video, shown.video_clip, shown.as_json)


def _matrix(judged: List[Subject], left_out: List[LeftOut], cells: exams.Cells, shown: _Shown, dry_run: bool) -> None:
    """Judge every object in every cell, and tell."""
    if dry_run:
        return console.show("\n".join(map(choices.preset_text, judged[0].presets.values())))
    leading = judged[0].leading
    console.note(f"Test length [frames]: {choices.test_lengths(leading)}; seed {leading.evaluation.seed}")
    folder = shown.out or _folder_of(judged)
    kinds = len(leading.skills) * (1 + len(cells.sizes)) + (cells.sequence is not None)
    several = len(judged) + len(left_out) > 1
    artist = Artist(shown.video, shown.video_clip, stills=folder is not None, objects=several, cells=kinds > 1)
    report = _judged(judged, cells, left_out, artist)
    _tell(report, folder, artist, shown.as_json)
    artist.end()


def _check_motions(motions: Optional[Path], listed: Sequence[str]) -> None:
    if motions is not None and len(listed) > 1 and not clips.is_of_several_objects(motions):
        raise typer.BadParameter(
            f"has no folder for each object: choose one of {console.names(listed)} with --object",
            param_hint="--motions",
        )


def _check_named(run: Optional[Path], policy: Optional[List[str]], compare: Optional[Tuple[Path, Path]]) -> None:
    if run is not None and policy:
        raise typer.BadParameter("give a run or a policy, not both", param_hint="--policy")
    if compare is not None and (run is not None or policy):
        raise typer.BadParameter("names both that are judged: give no other run or policy", param_hint="--compare")


def _sizes(scales: Optional[str]) -> Tuple[float, ...]:
    """Factors of length, each once."""
    if scales is None:
        return ()
    try:
        factors = [float(number) for number in options.split_names([scales])]
    except ValueError:
        raise typer.BadParameter(f"'{scales}' is not a list of numbers", param_hint="--scales") from None
    if not factors or not all(math.isfinite(factor) and factor > 0 and factor != 1 for factor in factors):
        raise typer.BadParameter(f"'{scales}' must hold positive factors other than 1", param_hint="--scales")
    return tuple(dict.fromkeys(factors))


def _refuse_beside_sequence(**given: object) -> None:
    """Sequences alone have their own clips and table."""
    for name, value in given.items():
        if value:
            raise typer.BadParameter("does not go with --sequence alone; add --skill", param_hint=f"--{name}")


def _one_file(policy: Optional[List[str]], seconds: Optional[float]) -> Optional[Path]:
    """The policy that judges clips of single skills."""
    if seconds is not None:
        raise typer.BadParameter("is the length of sequences: give --sequence too", param_hint="--seconds")
    if not policy:
        return None
    if len(policy) > 1 or sequences.names_skills(policy[0]):
        raise typer.BadParameter("several policies take turns in a --sequence alone only", param_hint="--policy")
    return Path(policy[0])


def _check_video(video: Optional[Path], clip: str) -> None:
    """Refuse what cannot be drawn before anything is judged."""
    if video is None:
        return
    from hot import evaluation

    evaluation.check_ending(video)
    evaluation.check_clip(clip)


def _folder_of(judged: List[Subject]) -> Optional[Path]:
    """The run that was judged, if it was one alone."""
    runs = {each.run.path for subject in judged for each in subject.controllers.values() if each.run is not None}
    alone = all(len(subject.controllers) == 1 for subject in judged)
    return runs.pop() if alone and len(runs) == 1 else None


def _judged(judged: List[Subject], cells: exams.Cells, left_out: List[LeftOut], artist: Artist) -> Report:
    """Object by object; of a single one every cell must have clips, of several what has none is left out."""
    rows: List[SkillReport] = []
    pairs: List[Comparison] = []
    with progress.drawn() as listener:
        for index, subject in enumerate(judged):
            if len(judged) == 1 and not left_out:
                sets = exams.read_clips(subject, cells, listener)
                one_progress = (0.0, 1.0) if len(subject.controllers) > 1 else None
                results = exams.judge(subject, sets, cells.robustness, listener, one_progress)
            else:
                share = index / len(judged), (index + 1) / len(judged)
                results = exams.judge_possible(subject, cells, left_out, listener, share)
            for each in results:
                rows += each.rows
                pairs += exams.comparisons(each.rows)
                artist.draw(each, subject.hand)
    return exams.report(judged, rows, left_out, pairs)


def _tell(report: Report, folder: Optional[Path], artist: Artist, as_json: bool) -> None:
    from hot import evaluation

    if as_json:
        console.show_json(report.model_dump(mode="json"))
    elif matrix_table.suits(report):
        matrix_table.show(report)
    else:
        report_table.show(report)
    if folder is not None:
        for path in evaluation.write_report(report, folder, artist.stills):
            console.note(f"Written: {path}")
