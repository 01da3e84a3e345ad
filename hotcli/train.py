"""``hot train``: from motions to a policy."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping, Optional, Sequence, Tuple

import typer
from typing_extensions import Annotated

from hot.errors import ConfigError
from hotcli import choices, clips, console, options, progress

if TYPE_CHECKING:
    from hot.presets import Preset
    from hot.runs import Run

app = typer.Typer(no_args_is_help=True, help="Train policies.")


@app.command()
def teacher(  # noqa: PLR0913  a command's parameters are its options
    hand: options.HandOption = None,
    object_: options.ObjectOption = None,
    stage: options.StageOption = None,
    skill: options.SkillOption = None,
    num_envs: options.NumEnvsOption = None,
    epochs: Annotated[
        Optional[int], typer.Option("--epochs", min=1, help="Rounds of roll-out and update.", show_default="preset")
    ] = None,
    seed: options.SeedOption = None,
    device: options.DeviceOption = "cpu",
    motions: options.MotionsOption = None,
    start: Annotated[
        Optional[Path],
        typer.Option("--from", help="Run to start from.", show_default="stage 2: the newest finished stage-1 run"),
    ] = None,
    out: Annotated[Optional[Path], typer.Option("--out", help="Run folder.", show_default="a new one in runs/")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
    set_: options.SetOption = None,
    dry_run: options.DryRunOption = False,
) -> None:
    """Train one policy to track the motions of a hand and an object."""
    overrides = options.given(seed=seed, ppo__num_envs=num_envs, ppo__epochs=epochs)
    overrides.update({**choices.engine_of(device), **options.assignments(set_)})
    skills = options.split_names(skill)
    if resume:
        asked = options.given(hand=hand, object=object_, stage=stage, skills=skills or None)
        run, preset = _resumed(out, {**asked, **overrides})
    else:
        run, preset = None, choices.make_preset(hand, object_, stage, skills, overrides)
    if dry_run:
        return console.show(choices.preset_text(preset))
    first = None if resume else _starting_run(preset, start)
    _train(preset, run, first, motions, out)


def _resumed(out: Optional[Path], asked: Mapping[str, Any]) -> Tuple[Run, Preset]:
    """The run in ``out`` and its preset, whose length alone may be changed."""
    from hot import presets
    from hot.runs import Run, runs_in

    if out is None:
        unfinished = [str(run.path) for run in runs_in(options.RUNS_FOLDER) if run.status != "finished"]
        raise typer.BadParameter(f"needs --out RUN; unfinished: {console.names(unfinished)}", param_hint="--resume")
    run = Run.open(out)
    old = presets.load(run.preset_path)
    new = presets.override(old, asked)
    changed = {key: pair for key, pair in presets.differences(old, new).items() if key != "ppo.epochs"}
    for key, (was, wanted) in changed.items():
        raise ConfigError(f"{run.path} was begun with {key} = {was}, not {wanted}; only ppo.epochs may change")
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
        run = newest_finished(options.RUNS_FOLDER, preset.hand, preset.object, before)
        if run is None:
            make = f"hot train teacher --hand {preset.hand} --object {preset.object} --stage {before}"
            raise ConfigError(
                f"stage {preset.stage} starts from a finished stage-{before} run of {preset.hand} and {preset.object}, "
                f"and {options.RUNS_FOLDER}/ holds none. Make one: {make}. Or name one: --from RUN"
            )
    made_for = run.provenance["hand"]
    if made_for != preset.hand:
        raise ConfigError(f"{run.path} trained the {made_for} hand, not {preset.hand}; choose another --from")
    console.note(f"Starting from {run.path}")
    return run


def _train(
    preset: Preset, run: Optional[Run], first: Optional[Run], source: Optional[Path], out: Optional[Path]
) -> None:
    from hot import presets, runs, training

    hand, object_spec = choices.load_specs(preset)
    with progress.drawn() as listener:
        motions = clips.for_training(hand, object_spec, preset, source, listener)
        resume = run is not None
        if run is None:
            path = out or runs.new_path(options.RUNS_FOLDER, preset.hand, preset.object, preset.stage)
            run = runs.Run.create(path, presets.dump(preset), _provenance(preset, first))
        else:
            run.write_preset(presets.dump(preset))
            run.set_status("running")
        console.note(f"Run: {run.path}  TensorBoard: tensorboard --logdir {run.log_path}")
        try:
            training.train_teacher(
                training.TeacherData(hand, {object_spec.name: object_spec}, motions),
                preset.task,
                preset.ppo,
                run,
                preset.seed,
                start=first.checkpoint_path if first else None,
                resume=resume,
                progress=listener,
            )
        except BaseException as error:
            run.set_status("interrupted")
            if isinstance(error, KeyboardInterrupt):
                hint = _resume_hint(run)
                console.note(hint)
            raise
    console.note(f"Judge it: hot eval {shlex.quote(str(run.path))}")
    console.show(str(run.policy_path))


def _resume_hint(run: Run) -> str:
    if not run.checkpoint_path.exists():
        return f"Stopped before the first checkpoint; {run.path} can be deleted."
    return f"The last checkpoint is kept. Go on: hot train teacher --resume --out {shlex.quote(str(run.path))}"


def _provenance(preset: Preset, first: Optional[Run]) -> Mapping[str, Any]:
    from hot import runs

    command: Sequence[str] = ["hot", *sys.argv[1:]]
    made = runs.provenance(preset.hand, preset.object, preset.stage, preset.seed, command, preset.physics.engine)
    return {**made, "skills": list(preset.skills), "started_from": str(first.path) if first else None}
