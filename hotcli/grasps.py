"""``hot grasps``: find static grasps, say what the libraries hold, whether they last, and how fast they are made."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Tuple

import typer
from typing_extensions import Annotated

from hot.errors import BadFileError, HotError
from hotcli import choices, clips, console, hold_table, lanes, options, progress

if TYPE_CHECKING:
    from hot.hands import HandSpec
    from hot.objects import ObjectSpec
    from hot.presets import Preset
    from hot.synthesis import Grasps
    from hot.synthesis.bench import GraspBenchReport

app = typer.Typer(no_args_is_help=True, help="Static grasps: find them, and look at the libraries.")
_HANDS = Annotated[Optional[str], typer.Option("--hand", help="Hands, by commas; all: every packaged one.")]
_OBJECTS = Annotated[Optional[str], typer.Option("--object", help="Objects, by commas; all: every packaged one.")]
_KEPT_HANDS = Annotated[Optional[str], typer.Option("--hand", help="Hands, by commas; all: every one with grasps.")]
_KEPT_OBJECTS = Annotated[
    Optional[str], typer.Option("--object", help="Objects, by commas; all: every one with grasps.")
]


@app.command()
def find(  # noqa: PLR0913  a command's parameters are its options
    hand: _HANDS = options.DEFAULT_HAND,
    object_: _OBJECTS = options.DEFAULT_OBJECT,
    count: Annotated[int, typer.Option("--count", min=1, help="Grasps of each pair.")] = 100,
    seed: options.SeedOption = None,
    engine: options.EngineOption = None,
    out: Annotated[
        Optional[Path], typer.Option("--out", help="Folder for HAND/OBJECT.safetensors.", show_default="data/grasps")
    ] = None,
    jobs: Annotated[
        int, typer.Option("--jobs", min=1, help="Pairs at once, spread over the GPUs; each logs beside its file.")
    ] = 1,
    missing: Annotated[
        bool, typer.Option("--missing", help="Skip pairs that have so many in the folder, as after Ctrl-C.")
    ] = False,
    set_: options.SetOption = None,
) -> None:
    """Find grasps of every pair; each file is written as soon as its pair is done."""
    from hot.assets import data_root

    overrides = {**choices.engine_of(engine), **options.given(seed=seed), **options.assignments(set_)}
    presets = [choices.make_preset(*pair, None, (), overrides) for pair in _pairs(hand, object_)]
    folder = out or data_root() / "grasps"
    if missing:
        presets = [preset for preset in presets if not _has(preset, count, folder)]
    tasks = [(preset, count, folder) for preset in presets]
    if jobs > 1:
        logs = [folder / preset.hand / f"{preset.object}.log" for preset in presets]
        return lanes.side_by_side(_find, tasks, logs, jobs)
    lacking = [name for name in (_tried(*task) for task in tasks) if name]
    if lacking:
        raise HotError(f"no grasps of {console.names(lacking)}")


def _has(preset: Preset, count: int, folder: Path) -> bool:
    """Whether the folder holds at least ``count`` grasps of a preset's pair."""
    from hot.synthesis import read_grasps

    path = folder / preset.hand / f"{preset.object}.safetensors"
    return path.exists() and len(read_grasps(path, preset.hand, preset.object)) >= count


def _find(preset: Preset, count: int, folder: Path) -> None:
    with progress.drawn() as listener:
        clips.search_grasps(*choices.load_specs(preset), count, preset, listener, folder)


def _tried(preset: Preset, count: int, folder: Path) -> str:
    """The pair if there is no way to hold it; the others go on."""
    try:
        _find(preset, count, folder)
    except BadFileError:
        raise
    except HotError as error:
        console.error(str(error))
        return f"{preset.object} with {preset.hand}"
    return ""


@app.command("list")
def list_(hand: _KEPT_HANDS = "all", object_: _KEPT_OBJECTS = "all", as_json: options.JsonOption = False) -> None:
    """What the libraries of grasps hold: counts by resting pose, strength, overlap, and how different they are."""
    from hot.synthesis import load_grasps

    rows = [_figures(load_grasps(*pair), *choices.specs_of(*pair)) for pair in _existing(hand, object_)]
    if as_json:
        return console.show_json(rows)
    console.show_table("Grasps", list(rows[0]), [[_text(value) for value in row.values()] for row in rows], words=2)


@app.command()
def check(
    hand: _KEPT_HANDS = "all",
    object_: _KEPT_OBJECTS = "all",
    engine: Annotated[
        Optional[str],
        typer.Option("--engine", help="auto, mujoco, warp or isaacgym; several by commas.", show_default="auto"),
    ] = None,
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, help="Length of the motion.")] = 5.0,
    seed: options.SeedOption = None,
    set_: options.SetOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Hold every grasp while the hand carries the object about, and count those in which it neither slips nor turns."""
    from hot.synthesis import load_grasps
    from hot.synthesis.holding import check_grasps

    engines = [{**choices.engine_of(name), **options.assignments(set_)} for name in _engines(engine)]
    reports = []
    with progress.drawn() as listener:
        for pair in _existing(hand, object_):
            specs, grasps = choices.specs_of(*pair), load_grasps(*pair)
            for overrides in engines:
                preset = choices.make_preset(*pair, None, (), {**options.given(seed=seed), **overrides})
                config = preset.synthesis, preset.grasp, preset.physics.fine()
                reports.append(check_grasps(*specs, grasps, seconds, preset.seed, config, listener))
    if as_json:
        return console.show_json(hold_table.as_data(reports))
    hold_table.show(reports)


@app.command()
def bench(
    hand: _HANDS = options.DEFAULT_HAND,
    object_: _OBJECTS = options.DEFAULT_OBJECT,
    batches: Annotated[int, typer.Option("--batches", min=1, help="Batches that are timed, after a first one.")] = 2,
    seed: options.SeedOption = None,
    engine: options.EngineOption = None,
    set_: options.SetOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Time how many grasps a second pass every test, and what share of the candidates that is."""
    from hot import synthesis
    from hot.synthesis.bench import bench_grasps

    overrides = {**choices.engine_of(engine), **options.given(seed=seed), **options.assignments(set_)}
    reports = []
    with progress.drawn() as listener:
        for hand_name, object_name in _pairs(hand, object_):
            preset = choices.make_preset(hand_name, object_name, None, (), overrides)
            hand_spec, object_spec = choices.load_specs(preset)
            resting = synthesis.load_resting(object_spec.name)
            physics = preset.physics.fine()
            report = bench_grasps(
                hand_spec, object_spec, resting, preset.grasp, physics, batches, preset.seed, listener
            )
            reports.append(report)
    if as_json:
        return console.show_json([report.model_dump(mode="json") for report in reports])
    _show_speed(reports)


def _pairs(hands: Optional[str], objects: Optional[str]) -> List[Tuple[str, str]]:
    from hot.hands import packaged_hand_names
    from hot.objects import packaged_names

    return [
        (hand, name) for hand in _listed(hands, packaged_hand_names()) for name in _listed(objects, packaged_names())
    ]


def _kept(hands: Optional[str], objects: Optional[str]) -> List[Tuple[str, str]]:
    """Those of the pairs that were asked for of which there is a library, shipped or one's own."""
    from hot.hands import hand_names, load_hand
    from hot.objects import load_object, object_names
    from hot.synthesis import has_grasps

    hand_list = hand_names() if hands == "all" else [load_hand(name).name for name in _listed(hands, ())]
    object_list = object_names() if objects == "all" else [load_object(name).name for name in _listed(objects, ())]
    return [(hand, name) for hand in hand_list for name in object_list if has_grasps(hand, name)]


def _existing(hands: Optional[str], objects: Optional[str]) -> List[Tuple[str, str]]:
    """The same; a pair that was named but has no library is an error.

    Raises:
        HotError: it names those pairs.
    """
    found = _kept(hands, objects)
    named = [(hand, name) for hand in _listed(hands, ()) for name in _listed(objects, ())]
    lacking = [f"{name} with {hand}" for hand, name in named if not _kept(hand, name)]
    if lacking or not found:
        asked = console.names(lacking) if lacking else f"{objects} with {hands}"
        raise HotError(f"no grasps of {asked}. Make some: hot grasps find. What there is: hot grasps list")
    return found


def _engines(names: Optional[str]) -> Sequence[Optional[str]]:
    """Each engine that was named, once; auto if none was."""
    return list(dict.fromkeys(options.split_names([names]))) if names else [None]


def _listed(names: Optional[str], known: Sequence[str]) -> Sequence[str]:
    return known if names == "all" else options.split_names([names or ""])


def _figures(grasps: Grasps, hand: HandSpec, object_spec: ObjectSpec) -> Dict[str, Any]:
    from hot.synthesis.diversity import diversity

    different = diversity(grasps, hand, object_spec)
    return {
        "hand": hand.name,
        "object": object_spec.name,
        "grasps": len(grasps),
        "reach each resting pose": grasps.reach.sum(0).tolist(),
        "lift from each": grasps.pickup.sum(0).tolist(),
        "survived at least [m/s2]": float(grasps.disturbance.min()),
        "half survived [m/s2]": float(grasps.disturbance.median()),
        "mean overlap [mm]": 1e3 * float(grasps.penetration.mean()),
        "wrist spread": different.wrist_spread,
        "contact coverage": different.contact_coverage,
        "joint entropy": different.joint_entropy,
    }


def _show_speed(reports: Sequence[GraspBenchReport]) -> None:
    columns = ["hand", "object", "engine", "substeps x iterations", "candidates", "pass rate", "grasps/s", "planning"]
    columns += ["overlap [mm]", "first batch [s]"]
    rows = [
        [
            report.hand,
            report.object,
            report.engine,
            f"{report.substeps} x {report.iterations}",
            f"{report.candidates:,}",
            f"{report.pass_rate:.0%}",
            f"{report.grasps_per_s:,.1f}",
            f"{report.plan_seconds / (report.plan_seconds + report.trial_seconds):.0%}",
            f"{report.penetration_mm:.2f}",
            f"{report.first_seconds:.1f}",
        ]
        for report in reports
    ]
    console.show_table("Grasps that pass every test; planning: its share of the time", columns, rows, words=3)
    for hand in dict.fromkeys(report.hand for report in reports):
        own = [report for report in reports if report.hand == hand]
        rate = statistics.fmean(report.grasps_per_s for report in own)
        share = statistics.fmean(report.pass_rate for report in own)
        console.show(f"{hand}: {rate:,.1f} grasps/s, {share:.0%} of the candidates, mean of {len(own)} objects")


def _text(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(str(number) for number in value)
    return f"{value:.2f}" if isinstance(value, float) else str(value)
