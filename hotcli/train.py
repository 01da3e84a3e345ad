"""``hot train``: from motions to a policy."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterator, Mapping, Optional, Sequence, Tuple

import typer
from typing_extensions import Annotated

from hot.errors import ConfigError
from hotcli import assets as foreign
from hotcli import choices, clips, console, faculty, options, progress

if TYPE_CHECKING:
    from hot.presets import Preset
    from hot.runs import Run
    from hot.training.ranks import Ranks

_MAY_CHANGE = ("ppo.epochs", "ppo.seconds")

app = typer.Typer(no_args_is_help=True, help="Train policies.")


@app.command()
def teacher(  # noqa: PLR0913  a command's parameters are its options
    hand: options.HandOption = None,
    objects: options.ObjectsOption = None,
    stage: options.StageOption = None,
    skill: options.SkillOption = None,
    num_envs: options.NumEnvsOption = None,
    epochs: options.EpochsOption = None,
    minutes: options.MinutesOption = None,
    seed: options.SeedOption = None,
    engine: options.EngineOption = None,
    gpus: options.GpusOption = 1,
    motions: options.MotionsOption = None,
    assets: options.AssetsOption = None,
    start: Annotated[
        Optional[Path],
        typer.Option("--from", help="Run to start from.", show_default="stage 2: the newest finished stage-1 run"),
    ] = None,
    out: options.OutOption = None,
    resume: options.ResumeOption = False,
    set_: options.SetOption = None,
    dry_run: options.DryRunOption = False,
) -> None:
    """Train one policy to track the motions of a hand and an object, or of several objects."""
    length = options.training_length(seed, num_envs, epochs, minutes)
    overrides = {**length, **engine_unless_resumed(engine, resume), **options.assignments(set_)}
    skills = options.split_names(skill)
    names = foreign.find(assets, options.split_names(objects), planned=motions is None)
    if resume:
        first, others = (names[0], names[1:]) if names else (None, None)
        asked = options.given(hand=hand, object=first, others=others, stage=stage, skills=skills or None)
        run, preset = resumed(out, {**asked, **overrides})
    else:
        run, preset = None, choices.make_shared_preset(hand, names, stage, skills, overrides)
    if preset.stage == faculty.STUDENT_STAGE:
        raise ConfigError(
            f"stage {preset.stage} is a student's; {resume_hint(run) if run else 'hot distill trains one'}"
        )
    if dry_run:
        return console.show(choices.preset_text(preset))
    if is_launched(preset, gpus):
        return None
    with together() as ranks:
        first = ranks.share(_starting_run(preset, start) if ranks.leads and not resume else None)
        _train(preset, run, first, motions, out, ranks)


def engine_unless_resumed(name: Optional[str], resume: bool) -> Dict[str, str]:
    """The engine's part of a preset; a resumed run keeps its own if none is named."""
    return {} if resume and name is None else choices.engine_of(name)


def is_launched(preset: Preset, gpus: int) -> bool:
    """Run this command in a process for each of several GPUs, unless this is such a process already."""
    from hot.training import ranks

    if gpus == 1 or ranks.launched():
        return False
    ranks.check_gpus(gpus)
    if preset.physics.engine != "warp":
        raise ConfigError(f"--gpus {gpus} needs --engine warp, not {preset.physics.engine}")
    code = ranks.launch([sys.executable, "-m", "hotcli", *sys.argv[1:]], gpus)
    if code:
        raise typer.Exit(code)
    return True


@contextlib.contextmanager
def together() -> Iterator[Ranks]:
    """Meet the other processes of this command, if there are any; only the first of them speaks."""
    from hot.training import ranks

    with ranks.joined() as joined, contextlib.ExitStack() as stack:
        if not joined.leads:
            nowhere = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
            stack.enter_context(contextlib.redirect_stdout(nowhere))
            stack.enter_context(contextlib.redirect_stderr(nowhere))
        yield joined


def resumed(out: Optional[Path], asked: Mapping[str, Any]) -> Tuple[Run, Preset]:
    """The run in ``out`` and its preset, whose length alone may be changed."""
    from hot import presets
    from hot.runs import Run, runs_in

    if out is None:
        unfinished = [str(run.path) for run in runs_in(options.RUNS_FOLDER) if run.status != "finished"]
        raise typer.BadParameter(f"needs --out RUN; unfinished: {console.names(unfinished)}", param_hint="--resume")
    run = Run.open(out)
    old = presets.load(run.preset_path)
    new = presets.override(old, asked)
    changed = {key: pair for key, pair in presets.differences(old, new).items() if key not in _MAY_CHANGE}
    for key, (was, wanted) in changed.items():
        allowed = " and ".join(_MAY_CHANGE)
        raise ConfigError(f"{run.path} was begun with {key} = {was}, not {wanted}; only {allowed} may change")
    return run, new


def _starting_run(preset: Preset, start: Optional[Path]) -> Optional[Run]:
    """The run whose networks training starts from; stage 2 and later take the newest of the stage before."""
    from hot.runs import Run, newest_finished

    if start is not None:
        run = Run.open(start)
    elif preset.stage == 1:
        return None
    else:
        before = preset.stage - 1
        run = newest_finished(options.RUNS_FOLDER, preset.hand, preset.objects, before)
        if run is None:
            make = f"hot train teacher --hand {preset.hand} --object {','.join(preset.objects)} --stage {before}"
            names = console.names(preset.objects)
            raise ConfigError(
                f"stage {preset.stage} starts from a finished stage-{before} run of {preset.hand} and {names}, "
                f"and {options.RUNS_FOLDER}/ holds none. Make one: {make}. Or name one: --from RUN"
            )
    made_for = run.provenance["hand"]
    if made_for != preset.hand:
        raise ConfigError(f"{run.path} trained the {made_for} hand, not {preset.hand}; choose another --from")
    console.note(f"Starting from {run.path}")
    return run


def _train(
    preset: Preset, old: Optional[Run], first: Optional[Run], source: Optional[Path], out: Optional[Path], ranks: Ranks
) -> None:
    from hot import training

    hand, specs = choices.load_all_specs(preset)
    with progress.drawn() as listener:
        with ranks.leader_first():  # it makes the clips that are missing, and the others read them
            data = clips.for_training(hand, specs, preset, source, None, listener)
        made = {
            "objects": list(preset.objects),
            "skills": list(preset.skills),
            "started_from": str(first.path) if first else None,
        }
        run: Run = ranks.share(begun(preset, old, out, made) if ranks.leads else None)
        console.note(f"Run: {run.path}  TensorBoard: tensorboard --logdir {run.log_path}")
        try:
            training.train_teacher(
                training.TeacherData(hand, data.objects, data.motions, data.shares),
                preset.task,
                preset.ppo,
                run,
                preset.seed,
                start=first.checkpoint_path if first else None,
                resume=old is not None,
                progress=listener,
            )
        except KeyboardInterrupt:
            console.note(resume_hint(run))
            raise
    console.note(f"Judge it: hot eval {shlex.quote(str(run.path))}")
    console.show(str(run.policy_path))


def begun(preset: Preset, run: Optional[Run], out: Optional[Path], made: Mapping[str, Any]) -> Run:
    """A new run's folder, with ``made`` in its provenance, or an old one's with the preset of now."""
    from hot import presets, runs

    if run is not None:
        run.write_preset(presets.dump(preset))
        return run
    path = out or runs.new_path(options.RUNS_FOLDER, preset.hand, preset.object, preset.stage)
    command: Sequence[str] = ["hot", *sys.argv[1:]]
    known = runs.provenance(preset.hand, preset.object, preset.stage, preset.seed, command, preset.physics.engine)
    return runs.Run.create(path, presets.dump(preset), {**known, **made})


def resume_hint(run: Run) -> str:
    """How to go on with a run that was stopped."""
    if not run.checkpoint_path.exists():
        return f"Stopped before the first checkpoint; {run.path} can be deleted."
    command = "distill" if run.provenance["stage"] == faculty.STUDENT_STAGE else "train teacher"
    return f"The last checkpoint is kept. Go on: hot {command} --resume --out {shlex.quote(str(run.path))}"
