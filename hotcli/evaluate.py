"""``hot eval``: judge a policy beside the open loop, on clips that nothing was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Optional

import typer
from typing_extensions import Annotated

from hot.errors import BadFileError, ConfigError
from hotcli import choices, clips, console, options, progress, report_table

if TYPE_CHECKING:
    from hot.evaluation import SkillReport
    from hot.hands import HandSpec
    from hot.motions import Motions
    from hot.objects import ObjectSpec
    from hot.policies import Policy
    from hot.presets import Preset
    from hot.progress import Progress
    from hot.rollouts import Trace
    from hot.runs import Run


@dataclass(frozen=True)
class Judged:
    """One skill's result, and what is needed to draw it."""

    motions: Motions
    open_loop: SkillReport
    policy: Optional[SkillReport]
    trace: Trace

    @property
    def best_known(self) -> SkillReport:
        """The policy's result if there is one; ``trace`` is of the same controller."""
        return self.policy or self.open_loop


@dataclass(frozen=True)
class Controller:
    """What is judged: a run's policy, a policy file's, or none, which leaves the open loop alone."""

    run: Optional[Run] = None
    path: Optional[Path] = None
    policy: Optional[Policy] = None


def evaluate(  # noqa: PLR0913  a command's parameters are its options
    run: Annotated[
        Optional[Path], typer.Argument(help="Run to judge.", show_default="the newest finished of hand and object")
    ] = None,
    policy: Annotated[Optional[Path], typer.Option("--policy", help="A policy file, instead of a run.")] = None,
    hand: options.HandOption = None,
    object_: options.ObjectOption = None,
    skill: options.SkillOption = None,
    count: options.ClipsOption = None,
    noise: Annotated[
        Optional[float], typer.Option("--noise", min=0, max=1, help="Perturbation of start states.", show_default="0")
    ] = None,
    seed: options.SeedOption = None,
    device: options.DeviceOption = "cpu",
    motions: options.MotionsOption = None,
    out: Annotated[Optional[Path], typer.Option("--out", help="Folder of the report.", show_default="the run")] = None,
    video: Annotated[
        Optional[Path], typer.Option("--video", help="An mp4 of the best, median and worst clip; one a skill.")
    ] = None,
    set_: options.SetOption = None,
    dry_run: options.DryRunOption = False,
    as_json: options.JsonOption = False,
) -> None:
    """Judge a policy beside the open loop on held-out clips, with 95 % intervals."""
    if run is not None and policy is not None:
        raise typer.BadParameter("give a run or a policy, not both", param_hint="--policy")
    controller = _find(run, policy, hand, object_)
    overrides = options.given(evaluation__clips=count, evaluation__noise=noise, evaluation__seed=seed)
    overrides.update({**choices.engine_of(device), **options.assignments(set_)})
    asked = options.given(hand=hand, object=object_, skills=options.split_names(skill) or None)
    preset = _preset(controller, asked, overrides)
    if dry_run:
        return console.show(choices.preset_text(preset))
    hand_spec, object_spec = choices.load_specs(preset)
    _check_hand(controller, hand_spec)
    with progress.drawn() as listener:
        judged = _judge(controller, preset, hand_spec, object_spec, motions, listener)
    _tell(controller, preset, judged, out or (controller.run.path if controller.run else None), as_json)
    if video is not None:
        _draw(video, judged, hand_spec, object_spec)


def _find(run: Optional[Path], policy: Optional[Path], hand: Optional[str], object_name: Optional[str]) -> Controller:
    """The controller that was named, else the newest finished run of hand and object, else none."""
    from hot.policies import Policy
    from hot.runs import Run, newest_finished

    if policy is not None:
        return Controller(path=policy, policy=Policy.load(policy))
    if run is not None and run.is_file():
        raise BadFileError(run, f"is a file, not a run; if it is a policy: --policy {run}")
    if run is not None:
        found = Run.open(run)
    else:
        wanted = choices.make_preset(hand, object_name, None, (), {})
        newest = newest_finished(options.RUNS_FOLDER, wanted.hand, wanted.object)
        if newest is None:
            console.note(
                f"No finished run of {wanted.hand} and {wanted.object} in {options.RUNS_FOLDER}/: open loop only."
            )
            return Controller()
        found = newest
    console.note(f"Judging {found.path}")
    return Controller(found, found.policy_path, Policy.load(found.policy_path))


def _preset(controller: Controller, asked: Dict[str, Any], overrides: Dict[str, Any]) -> Preset:
    """The run's own preset if there is a run, else the defaults of the hand; options win over both."""
    from hot import presets

    if controller.run is not None:
        return presets.override(presets.load(controller.run.preset_path), {**asked, **overrides})
    hand = asked.get("hand") or (controller.policy.spec.hand if controller.policy else None)
    return choices.make_preset(hand, asked.get("object"), None, asked.get("skills", ()), overrides)


def _check_hand(controller: Controller, hand: HandSpec) -> None:
    if controller.policy is not None and controller.policy.spec.hand != hand.name:
        made_for = controller.policy.spec.hand
        raise ConfigError(f"{controller.path} drives the {made_for} hand, not {hand.name}; choose --hand {made_for}")


def _judge(
    controller: Controller,
    preset: Preset,
    hand: HandSpec,
    object_spec: ObjectSpec,
    source: Optional[Path],
    listener: Progress,
) -> Dict[str, Judged]:
    console.note(f"Test length [frames]: {choices.test_lengths(preset)}; seed {preset.evaluation.seed}")
    read = clips.read(source, hand, object_spec, preset) if source else {}
    judged = {}
    for skill in preset.skills:
        motions = read[skill] if source else clips.planned(hand, object_spec, skill, preset, "test", listener)
        motions = motions.select(range(min(motions.num_clips, preset.evaluation.clips)))
        judged[skill] = _judge_skill(controller, preset, hand, object_spec, motions, listener)
    return judged


def _judge_skill(
    controller: Controller,
    preset: Preset,
    hand: HandSpec,
    object_spec: ObjectSpec,
    motions: Motions,
    listener: Progress,
) -> Judged:
    from hot import evaluation, presets

    frames = preset.evaluation.frames or presets.test_frames(motions.skills[0])
    reset = preset.reset.model_copy(update={"noise": preset.evaluation.noise})
    task = preset.task.model_copy(update={"reset": reset})
    rest = (task, hand, object_spec, motions, frames, preset.evaluation.seed, listener)
    report, trace = evaluation.evaluate(None, *rest)
    if controller.policy is None:
        return Judged(motions, report, None, trace)
    of_policy, trace = evaluation.evaluate(controller.policy, *rest)
    return Judged(motions, report, of_policy, trace)


def _tell(
    controller: Controller, preset: Preset, judged: Dict[str, Judged], folder: Optional[Path], as_json: bool
) -> None:
    from hot import evaluation

    pairs = [(each.policy, each.open_loop) for each in judged.values() if each.policy is not None]
    report = evaluation.Report(
        hand=next(iter(judged.values())).open_loop.hand,
        objects=(next(iter(judged.values())).open_loop.object,),
        engine=preset.physics.engine,
        physics=preset.physics.fine().model_dump(),
        seed=preset.evaluation.seed,
        noise=preset.evaluation.noise,
        policy=str(controller.path) if controller.path else None,
        skills=tuple(row for each in judged.values() for row in (each.open_loop, each.policy) if row is not None),
        comparisons=tuple(evaluation.compare(mine, baseline) for mine, baseline in pairs),
    )
    if as_json:
        console.show_json(report.model_dump(mode="json"))
    else:
        report_table.show(report)
    if folder is not None:
        for path in evaluation.write_report(report, folder):
            console.note(f"Written: {path}")


def _draw(video: Path, judged: Dict[str, Judged], hand: HandSpec, object_spec: ObjectSpec) -> None:
    from hot import evaluation

    for skill, each in judged.items():
        path = video if len(judged) == 1 else video.with_name(f"{video.stem}_{skill}{video.suffix}")
        evaluation.write_clip_video(path, each.trace, each.best_known.scores, hand, object_spec)
        console.note(f"Written: {path}")
