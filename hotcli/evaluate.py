"""``hot eval``: judge a policy beside the open loop, on clips that nothing was trained on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Optional

import typer
from typing_extensions import Annotated

from hotcli import choices, console, controllers, exams, options, progress, report_table, sequences

if TYPE_CHECKING:
    from hot.evaluation import Report
    from hot.hands import HandSpec
    from hot.objects import ObjectSpec

EnginesOption = Annotated[
    Optional[str],
    typer.Option("--engine", help="auto, mujoco or warp; several by commas, to compare them.", show_default="auto"),
]


def evaluate(  # noqa: PLR0913  a command's parameters are its options
    run: Annotated[
        Optional[Path],
        typer.Argument(help="Run to judge.", show_default="the newest finished of hand and object, else their policy"),
    ] = None,
    policy: Annotated[
        Optional[List[str]],
        typer.Option("--policy", help="A policy file, instead of a run; of a sequence also SKILL=FILE, repeatable."),
    ] = None,
    sequence: Annotated[
        Optional[str], typer.Option("--sequence", help="Judge a script's clips (hot data compose) instead, or random.")
    ] = None,
    seconds: sequences.SecondsOption = None,
    hand: options.HandOption = None,
    object_: options.ObjectOption = None,
    skill: options.SkillOption = None,
    count: options.ClipsOption = None,
    noise: Annotated[
        Optional[float], typer.Option("--noise", min=0, max=1, help="Perturbation of start states.", show_default="0")
    ] = None,
    robustness: Annotated[
        bool, typer.Option("--robustness", help="Also under pushes, other masses and frictions, and start noise.")
    ] = False,
    seed: options.SeedOption = None,
    engine: EnginesOption = None,
    motions: options.MotionsOption = None,
    out: Annotated[Optional[Path], typer.Option("--out", help="Folder of the report.", show_default="the run")] = None,
    video: Annotated[
        Optional[Path], typer.Option("--video", help="Draw clips into an .mp4, .webp or .gif; one a skill.")
    ] = None,
    video_clip: Annotated[
        str, typer.Option("--video-clip", help="The clip to draw: best, median or worst; or all three.")
    ] = "all",
    set_: options.SetOption = None,
    dry_run: options.DryRunOption = False,
    as_json: options.JsonOption = False,
) -> None:
    """Judge a policy beside the open loop on held-out clips, with 95 % intervals."""
    if run is not None and policy:
        raise typer.BadParameter("give a run or a policy, not both", param_hint="--policy")
    _check_video(video, video_clip)
    overrides = options.given(evaluation__clips=count, evaluation__noise=noise, evaluation__seed=seed)
    if sequence is not None:
        _refuse_beside_sequence(skill=skill, robustness=robustness, motions=motions)
        overrides.update({**choices.engine_of(engine), **options.assignments(set_)})
        exam = sequences.prepare(run, policy or [], hand, object_, sequences.read(sequence, seconds), overrides)
        if dry_run:
            return console.show(choices.preset_text(exam.preset))
        return sequences.evaluate(exam, out, video, video_clip, as_json)
    controller = controllers.find(run, _one_file(policy, seconds), hand, object_)
    asked = options.given(hand=hand, object=object_, skills=options.split_names(skill) or None)
    presets = _presets(controller, asked, overrides, engine, options.assignments(set_))
    leading = next(iter(presets.values()))
    if dry_run:
        return console.show("\n".join(map(choices.preset_text, presets.values())))
    hand_spec, object_spec = choices.load_specs(leading)
    controllers.check(controller, hand_spec, object_spec, leading.skills)
    console.note(f"Test length [frames]: {choices.test_lengths(leading)}; seed {leading.evaluation.seed}")
    with progress.drawn() as listener:
        clip_sets = exams.read_clips(motions, leading, hand_spec, object_spec, listener)
        judged = exams.judge(controller, presets, hand_spec, object_spec, clip_sets, robustness, listener)
    report = exams.report(controller, presets, judged)
    _tell(report, out or (controller.run.path if controller.run else None), as_json)
    if video is not None:
        _draw(video, video_clip, judged, hand_spec, object_spec)


def _refuse_beside_sequence(**given: object) -> None:
    """A sequence has its own skills and clips."""
    for name, value in given.items():
        if value:
            raise typer.BadParameter("does not go with --sequence", param_hint=f"--{name}")


def _one_file(policy: Optional[List[str]], seconds: Optional[float]) -> Optional[Path]:
    """The policy that judges clips of single skills."""
    if seconds is not None:
        raise typer.BadParameter("is the length of sequences: give --sequence too", param_hint="--seconds")
    if not policy:
        return None
    if len(policy) > 1 or sequences.names_skills(policy[0]):
        raise typer.BadParameter("several policies take turns in a --sequence only", param_hint="--policy")
    return Path(policy[0])


def _check_video(video: Optional[Path], clip: str) -> None:
    """Refuse what cannot be drawn before anything is judged."""
    if video is None:
        return
    from hot import evaluation

    evaluation.check_ending(video)
    evaluation.check_clip(clip)


def _presets(
    controller: controllers.Controller,
    asked: Dict[str, Any],
    overrides: Dict[str, Any],
    engines: Optional[str],
    assigned: Dict[str, Any],
) -> exams.Presets:
    """The preset of each engine that was named, once each."""
    named: List[Optional[str]] = [*options.split_names([engines])] if engines else [None]
    changes = [{**overrides, **choices.engine_of(name), **assigned} for name in named]
    made = [controllers.preset_of(controller, asked, each) for each in changes]
    return {preset.physics.engine: preset for preset in made}


def _tell(report: Report, folder: Optional[Path], as_json: bool) -> None:
    from hot import evaluation

    if as_json:
        console.show_json(report.model_dump(mode="json"))
    else:
        report_table.show(report)
    if folder is not None:
        for path in evaluation.write_report(report, folder):
            console.note(f"Written: {path}")


def _draw(video: Path, clip: str, judged: Dict[str, exams.Judged], hand: HandSpec, object_spec: ObjectSpec) -> None:
    from hot import evaluation

    for skill, each in judged.items():
        path = video if len(judged) == 1 else video.with_name(f"{video.stem}_{skill}{video.suffix}")
        evaluation.write_clip_video(path, each.trace, each.scores, hand, object_spec, clip=clip)
        console.note(f"Written: {path}")
