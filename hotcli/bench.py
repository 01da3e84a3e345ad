"""``hot bench``: how much of the engine's speed the environment keeps, measured in one run."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, List, Optional

import typer
from typing_extensions import Annotated

from hotcli import choices, clips, console, options, progress

if TYPE_CHECKING:
    from hot.progress import Progress
    from hot.tracking.bench import BenchReport

_CLIPS = 200  # enough for worlds to be at different instants of different grasps


def bench(
    hand: options.HandOption = None,
    object_: options.ObjectOption = None,
    num_envs: Annotated[int, typer.Option("--num-envs", min=1, help="Worlds that are stepped at once.")] = 2048,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Control steps a round.")] = 20,
    device: options.DeviceOption = "cpu",
    set_: options.SetOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Compare environment steps with bare physics steps of the same scenes; all hands unless one is named."""
    from hot.hands import hand_names

    overrides = {"synthesis.train_clips": _CLIPS, **choices.engine_of(device), **options.assignments(set_)}
    reports = []
    with progress.drawn() as listener:
        for name in [hand] if hand else hand_names():
            reports.append(_bench_hand(name, object_, num_envs, steps, overrides, listener))
    if as_json:
        return console.show_json([{**report.model_dump(), "ratio": report.ratio} for report in reports])
    _show(reports)


def _bench_hand(
    hand: str, object_name: Optional[str], num_envs: int, steps: int, overrides: dict, listener: Progress
) -> BenchReport:
    from hot import tracking
    from hot.tracking import bench as bench_room

    preset = choices.make_preset(hand, object_name, None, ("grasp",), overrides)
    hand_spec, object_spec = choices.load_specs(preset)
    motions = clips.planned(hand_spec, object_spec, "grasp", preset, "train", listener)
    objects = {object_spec.name: object_spec}
    env = tracking.TrackingEnv(hand_spec, objects, motions, preset.task, num_envs, preset.seed)
    with contextlib.closing(env):
        return bench_room.bench(env, steps, progress=listener)


def _show(reports: List[BenchReport]) -> None:
    columns = ["hand", "object", "worlds", "threads", "touching", "environment [steps/s]", "physics [steps/s]", "ratio"]
    rows = [
        [
            report.hand,
            report.object,
            str(report.worlds),
            str(report.threads),
            f"{report.contacts:.0%}",
            f"{report.env_steps_per_s:,.0f}",
            f"{report.physics_steps_per_s:,.0f}",
            f"{report.ratio:.3f}",
        ]
        for report in reports
    ]
    console.show_table("Environment against bare physics", columns, rows, words=2)
