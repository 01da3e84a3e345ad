"""``hot bench``: how much of the engine's speed the environment keeps, and learning after it, measured in one run."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence

import typer
from typing_extensions import Annotated

from hotcli import choices, clips, console, options, planning_bench, progress

if TYPE_CHECKING:
    from hot.hands import HandSpec
    from hot.objects import ObjectSpec
    from hot.presets import Preset
    from hot.progress import Progress
    from hot.tracking import TrackingEnv
    from hot.tracking.bench import BenchReport
    from hot.training.bench import TrainingBenchReport

_CLIPS = 200  # enough for worlds to be at different instants of different grasps
_CPU_WORLDS = 2048
_EPOCHS = 5


@dataclass(frozen=True)
class Benched:
    """What was measured for one hand, and on which engine."""

    engine: str
    stepping: BenchReport
    training: Optional[TrainingBenchReport] = None
    mixed: Optional[BenchReport] = None
    """As many worlds of many objects."""

    @property
    def cost_of_mixing(self) -> Optional[float]:
        """Time of a bare physics step with many objects in the batch, against one with one."""
        return None if self.mixed is None else self.stepping.physics_steps_per_s / self.mixed.physics_steps_per_s

    @property
    def learning_ratio(self) -> Optional[float]:
        """Speed with learning as a share of bare physics'."""
        if self.training is None:
            return None
        return self.training.training_steps_per_s / self.stepping.physics_steps_per_s


def bench(  # noqa: PLR0913  a command's parameters are its options
    hand: options.HandOption = None,
    object_: options.ObjectOption = None,
    num_envs: Annotated[
        Optional[int],
        typer.Option(
            "--num-envs",
            min=1,
            help="Worlds that are stepped at once.",
            show_default=f"{_CPU_WORLDS}; on Warp the preset's",
        ),
    ] = None,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Control steps a round.")] = 20,
    training: Annotated[bool, typer.Option("--training", help="Also learn, by rl-games and by a plain loop.")] = False,
    mixed: Annotated[
        Optional[List[str]],
        typer.Option("--mixed", metavar="OBJECTS", help="Also step as many worlds of these objects, by commas."),
    ] = None,
    generation: Annotated[
        bool, typer.Option("--generation", help="Instead measure how fast clips of every skill are planned.")
    ] = False,
    engine: options.EngineOption = None,
    set_: options.SetOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Compare environment steps with bare physics steps of the same scenes, for every packaged hand that has grasps."""
    if generation:
        chosen = {**choices.engine_of(engine), **options.assignments(set_)}
        return planning_bench.bench(hand, object_, chosen, as_json)
    many = _objects(options.split_names(mixed))
    overrides = {"synthesis.train_clips": _CLIPS, **choices.engine_of(engine), **options.assignments(set_)}
    if num_envs or overrides["physics.engine"] == "mujoco":
        overrides["ppo.num_envs"] = num_envs or _CPU_WORLDS
    reports = []
    with progress.drawn() as listener:
        for name in [hand] if hand else _hands_with_grasps(object_):
            preset = choices.make_preset(name, object_, None, ("grasp",), overrides)
            reports.append(_bench_hand(preset, steps, training, many, listener))
    if as_json:
        return console.show_json([_as_json(report) for report in reports])
    _show(reports)
    if training:
        _show_training(reports)
    if many:
        _show_mixed(reports)


def _bench_hand(preset: Preset, steps: int, training: bool, mixed: Sequence[ObjectSpec], listener: Progress) -> Benched:
    from hot.tracking import bench as tracking_bench

    hand_spec, object_spec = choices.load_specs(preset)
    learning, of_many = None, None
    with _environment(hand_spec, [object_spec], preset, listener) as env:
        stepping = tracking_bench.bench(env, steps, progress=listener)
        if training:
            from hot.training import bench as training_bench

            learning = training_bench.bench_training(env, preset.ppo, _EPOCHS, listener)
    if mixed:
        with _environment(hand_spec, mixed, preset, listener) as env:
            of_many = tracking_bench.bench(env, steps, progress=listener)
    return Benched(preset.physics.engine, stepping, learning, of_many)


def _environment(
    hand: HandSpec, objects: Sequence[ObjectSpec], preset: Preset, listener: Progress
) -> contextlib.closing[TrackingEnv]:
    """As many worlds of each object, on clips in which the hand grasps it."""
    from hot import tracking
    from hot.motions import Motions

    motions = [clips.planned(hand, spec, "grasp", preset, "train", listener) for spec in objects]
    by_name = {spec.name: spec for spec in objects}
    env = tracking.TrackingEnv(
        hand, by_name, Motions.concatenate(motions), preset.task, preset.ppo.num_envs, preset.seed
    )
    return contextlib.closing(env)


def _objects(names: Sequence[str]) -> List[ObjectSpec]:
    from hot.objects import load_object

    return list({spec.name: spec for spec in map(load_object, names)}.values())


def _hands_with_grasps(object_name: Optional[str]) -> List[str]:
    from hot.hands import packaged_hand_names
    from hot.objects import load_object
    from hot.synthesis import has_grasps

    name = load_object(object_name or options.DEFAULT_OBJECT).name
    hands = packaged_hand_names()
    return [hand for hand in hands if has_grasps(hand, name)] or hands  # with none, the first says what to do


def _as_json(report: Benched) -> Dict[str, Any]:
    values = {**report.stepping.model_dump(), "engine": report.engine, "ratio": report.stepping.ratio}
    if report.training is not None:
        training = {**report.training.model_dump(), "ratio": report.training.ratio}
        values.update(training=training, learning_ratio=report.learning_ratio)
    if report.mixed is not None:
        values.update(mixed=report.mixed.model_dump(), cost_of_mixing=report.cost_of_mixing)
    return values


def _show(reports: List[Benched]) -> None:
    columns = [
        "hand", "object", "engine", "worlds", "substeps x iterations", "threads", "touching",
        "environment [steps/s]", "physics [steps/s]", "ratio",
    ]  # fmt: skip
    rows = []
    for report in reports:
        step = report.stepping
        rows.append(
            [
                step.hand,
                step.object,
                report.engine,
                str(step.worlds),
                f"{step.substeps} x {step.iterations}",
                str(step.threads),
                f"{step.contacts:.0%}",
                f"{step.env_steps_per_s:,.0f}",
                f"{step.physics_steps_per_s:,.0f}",
                f"{step.ratio:.3f}",
            ]
        )
    console.show_table("Environment against bare physics", columns, rows, words=3)


def _show_training(reports: List[Benched]) -> None:
    columns = [
        "hand", "worlds x steps", "minibatches x passes", "with learning [steps/s]", "/ physics",
        "plain loop [steps/s]", "rl-games / plain loop",
    ]  # fmt: skip
    rows = [
        [
            report.stepping.hand,
            f"{report.training.worlds} x {report.training.horizon}",
            f"{report.training.minibatches} x {report.training.mini_epochs}",
            f"{report.training.training_steps_per_s:,.0f}",
            f"{report.learning_ratio:.3f}",
            f"{report.training.plain_steps_per_s:,.0f}",
            f"{report.training.ratio:.3f}",
        ]
        for report in reports
        if report.training is not None
    ]
    console.show_table("Learning against bare physics, and rl-games against a plain loop", columns, rows, words=1)


def _show_mixed(reports: List[Benched]) -> None:
    columns = ["hand", "objects", "worlds", "touching", "physics [steps/s]", "one object [steps/s]", "cost of a step"]
    rows = [
        [
            report.mixed.hand,
            str(len(report.mixed.object.split(", "))),
            str(report.mixed.worlds),
            f"{report.mixed.contacts:.0%}",
            f"{report.mixed.physics_steps_per_s:,.0f}",
            f"{report.stepping.physics_steps_per_s:,.0f}",
            f"{report.cost_of_mixing:.3f}",
        ]
        for report in reports
        if report.mixed is not None
    ]
    console.show_table("Many objects in one batch against one", columns, rows, words=1)
