"""``hot policies``: the policies at hand, how they were made, and how well they track."""

from __future__ import annotations

import csv
import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

import typer
from typing_extensions import Annotated

from hot.errors import BadFileError, ConfigError, UnknownNameError
from hotcli import card_results, choices, console, controllers, options, policy_table, progress

if TYPE_CHECKING:
    from hot.policies import Card, CardStage
    from hot.presets import Preset
    from hot.runs import Run

app = typer.Typer(invoke_without_command=True, help="The policies at hand, how they were made, how well they track.")

_CLIPS = 1000
_ClipsOption = Annotated[int, typer.Option("--clips", min=1, help="Held-out clips of each skill.")]
_EnginesOption = Annotated[
    Optional[str],
    typer.Option("--engine", help="mujoco, warp or both by a comma.", show_default="auto,mujoco"),
]


@app.callback()
def policies(
    context: typer.Context,
    as_json: options.JsonOption = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print the table for a page.")] = False,
) -> None:
    """List all policies, one's own and those that ship, with the results on their cards."""
    from hot.policies import cards

    if context.invoked_subcommand is not None:
        return
    found = cards()
    if as_json:
        return console.show_json([{"path": str(path), **card.model_dump(mode="json")} for path, card in found])
    if as_markdown:
        return console.show(policy_table.markdown([card for _, card in found]))
    if not found:
        return console.note("No policies yet. Make one: hot train teacher, then hot policies add RUN")
    policy_table.show([card for _, card in found])


@app.command()
def show(hand: str, object_: Annotated[str, typer.Argument(metavar="OBJECT")]) -> None:
    """Print the card of one policy."""
    from hot.policies import read_card

    path = _found(hand, object_)
    policy_table.show_card(read_card(path), str(path))


@app.command()
def add(
    run: Annotated[Path, typer.Argument(help="Run whose policy to keep.")],
    count: _ClipsOption = _CLIPS,
    engine: _EnginesOption = None,
    out: Annotated[
        Optional[Path], typer.Option("--out", help="Folder of policies.", show_default="data/policies")
    ] = None,
) -> None:
    """Judge a run's policy on held-out clips, and keep it, in half precision, with its card."""
    from hot import presets
    from hot.policies import Policy, own_folder, write_card
    from hot.runs import Run

    engines = card_results.engines_of(engine)
    made = Run.open(run)
    preset = presets.load(made.preset_path)
    card = _new_card(made, preset)
    path = (out or own_folder()) / card.hand / f"{card.object}.safetensors"
    Policy.load(made.policy_path).save(path, half=True)
    write_card(path, card)
    _judge(path, card, (preset.hand, preset.object), engines, count)


@app.command("import")
def import_(
    checkpoint: Annotated[Path, typer.Argument(metavar="FILE.pth", help="Checkpoint of the original release.")],
    out: Annotated[
        Optional[Path], typer.Option("--out", help="The policy file.", show_default="FILE.safetensors")
    ] = None,
    set_: Annotated[
        Optional[List[str]],
        typer.Option(
            "--set", metavar="KEY=VALUE", help="action.mode or action.drives, if not as upstream's README; repeatable."
        ),
    ] = None,
) -> None:
    """Make a policy file of a checkpoint of the original release, which sees and acts as it did there."""
    path = out or checkpoint.with_suffix(".safetensors")
    if path.suffix != ".safetensors":
        raise ConfigError(f"a policy's file ends in .safetensors, not '{path.suffix}'")
    if path.exists():
        raise BadFileError(path, "exists; choose another: --out")
    foreign = controllers.foreign("upstream", options.assignments(set_))
    policy = controllers.read_policy(checkpoint, foreign)
    policy.save(path)
    rows = [[name, str(size)] for name, size in policy.spec.layout]
    console.show_table("What it sees", ["group", "numbers"], rows, words=1)
    console.note(f"Judge it: hot eval --policy {path} --motions DIR --assets DIR --object NAME")
    console.show(str(path))


@app.command()
def judge(
    hand: Annotated[Optional[str], typer.Argument(show_default="all")] = None,
    object_: Annotated[Optional[str], typer.Argument(metavar="[OBJECT]", show_default="all")] = None,
    count: _ClipsOption = _CLIPS,
    engine: _EnginesOption = None,
) -> None:
    """Judge policies again: new results replace those of the same engine, and the others stay on the card.

    A hand or an object of your own is given by its file.
    """
    from hot.policies import cards, read_card

    if (hand is None) != (object_ is None):
        raise typer.BadParameter("give a hand and an object, or neither", param_hint="OBJECT")
    engines = card_results.engines_of(engine)
    if hand and object_:
        path = _found(hand, object_)
        return _judge(path, read_card(path), (hand, object_), engines, count)
    for path, card in cards():
        _judge(path, card, (card.hand, card.object), engines, count)


def _found(hand: str, object_name: str) -> Path:
    from hot.policies import cards, find

    path = find(hand, object_name)
    if path is None:
        known = [f"{card.hand} {card.object}" for _, card in cards()]
        raise UnknownNameError("policy", f"{hand} {object_name}", known, "Add a run's: hot policies add RUN")
    return path


def _judge(path: Path, card: Card, of: Tuple[str, str], engines: Tuple[str, ...], count: int) -> None:
    """Judge the policy of a hand and an object engine by engine, and keep each engine's results at once."""
    from hot import __version__
    from hot.policies import Policy, write_card

    policy = Policy.load(path)
    for engine in engines:
        preset = _judging_preset(card, of, engine, count)
        with progress.drawn() as listener:
            results = card_results.judge(policy, preset, listener)
        today = datetime.date.today().isoformat()
        card = card.judged(tuple(results), today, __version__)
        console.note(f"Written: {write_card(path, card)}")
    policy_table.show_card(card, str(path))


def _judging_preset(card: Card, of: Tuple[str, str], engine: str, count: int) -> Preset:
    """The preset by which ``hot eval --policy`` would judge the policy too."""
    overrides = {
        "physics.engine": engine,
        "evaluation.clips": count,
        "synthesis.held_out": card.held_out,
    }
    return choices.make_preset(*of, None, card.skills, overrides)


def _new_card(run: Run, preset: Preset) -> Card:
    """The card of a run's policy, without results yet."""
    from hot import __version__
    from hot.policies import Card
    from hot.synthesis import load_grasps

    if run.status != "finished":
        raise ConfigError(f"{run.path} is not finished: hot train teacher --resume --out {run.path}")
    hand, object_spec = choices.load_specs(preset)
    return Card(
        hand=hand.name,
        object=object_spec.name,
        skills=preset.skills,
        grasps=len(load_grasps(hand.name, object_spec.name)),
        held_out=preset.synthesis.held_out,
        stages=tuple(_stages(run)),
        date=datetime.date.today().isoformat(),
        hot=__version__,
    )


def _stages(run: Run) -> List[CardStage]:
    """The run's training, after those of the runs that it was started from."""
    from hot.runs import Run

    before = run.provenance.get("started_from")
    try:
        earlier = _stages(Run.open(Path(before))) if before else []
    except BadFileError as error:
        console.note(f"The card will lack the stages before: {error}")
        earlier = []
    return [*earlier, _stage(run)]


def _stage(run: Run) -> CardStage:
    from hot import presets
    from hot.policies import CardStage

    preset = presets.load(run.preset_path)
    physics = preset.physics
    named = choices.make_preset(
        preset.hand, preset.object, preset.stage, preset.skills, {"physics.engine": physics.engine}
    )
    samples, seconds = _length(run)
    return CardStage(
        stage=preset.stage,
        seed=preset.seed,
        samples=samples,
        seconds=seconds,
        machine=run.provenance["machine"],
        engine=physics.engine,
        worlds=preset.ppo.num_envs,
        substeps=physics.substeps,
        iterations=physics.iterations,
        ls_iterations=physics.ls_iterations,
        clips=preset.synthesis.train_clips,
        changed={key: new for key, (_, new) in presets.differences(named, preset).items()},
    )


def _length(run: Run) -> Tuple[int, Optional[float]]:
    """Samples and seconds [s] of a training, from its learning curve if there is one."""
    from hot.policies import Policy

    last: Dict[str, Any] = {}
    if run.metrics_path.is_file():
        with run.metrics_path.open(newline="", encoding="utf-8") as file:
            last = list(csv.DictReader(file))[-1]
    samples = last.get("perf/samples") or Policy.load(run.policy_path).spec.trained["samples"]
    return int(float(samples)), float(last["perf/seconds"]) if "perf/seconds" in last else None
