"""``hot policies``: the policies at hand, how they were made, and how well they track."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, List, Optional, Tuple

import typer
from typing_extensions import Annotated

from hot.errors import BadFileError, ConfigError, UnknownNameError
from hotcli import card_making, card_results, choices, console, controllers, options, policy_table, progress

if TYPE_CHECKING:
    from hot.policies import Card
    from hot.presets import Preset

app = typer.Typer(invoke_without_command=True, help="The policies at hand, how they were made, how well they track.")

_CLIPS, _LEAST_CLIPS = 1000, 100
"""Of each skill: of all objects together, and of each object at least. Of some 25 held-out grasps an object, more clips
say little more about any one."""
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_ClipsOption = Annotated[
    Optional[int],
    typer.Option(
        "--clips",
        min=1,
        help="Held-out clips of each object and skill.",
        show_default=f"{_CLIPS} over the objects, at least {_LEAST_CLIPS}",
    ),
]
_ObjectsOption = Annotated[
    Optional[str],
    typer.Option(
        "--object",
        "--objects",
        help="Judge on these, by commas; all: on every one that has grasps.",
        show_default="those it was trained on",
    ),
]
_NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="An object's, or that of a policy of several.")]
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
        return console.show(policy_table.markdown(found))
    if not found:
        return console.note("No policies yet. Make one: hot train teacher, then hot policies add RUN")
    policy_table.show(found)


@app.command()
def show(hand: str, name: _NameArgument) -> None:
    """Print the card of one policy."""
    from hot.policies import read_card

    path = _found(hand, name)
    policy_table.show_card(read_card(path), path)


@app.command()
def add(
    run: Annotated[Path, typer.Argument(help="Run whose policy to keep.")],
    name: Annotated[
        Optional[str],
        typer.Option(
            "--name", help="What it is called.", show_default="its object; student; of several objects teacher"
        ),
    ] = None,
    objects: _ObjectsOption = None,
    count: _ClipsOption = None,
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
    card = card_making.new_card(made, preset)
    called = _name(card, name)
    judged = _objects(objects, preset.hand) or preset.objects
    path = (out or own_folder()) / card.hand / f"{called}.safetensors"
    if path.exists():
        console.note(f"Replaces {path}")
    Policy.load(made.policy_path).save(path, half=True)
    write_card(path, card)
    _judge(path, card, _Judging(preset.hand, judged, engines, count))


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
    name: Annotated[Optional[str], typer.Argument(metavar="[NAME]", show_default="all")] = None,
    objects: _ObjectsOption = None,
    skills: Annotated[
        Optional[List[str]],
        typer.Option("--skill", "--skills", help="Skills, by commas.", show_default="all that it was trained on"),
    ] = None,
    count: _ClipsOption = None,
    engine: _EnginesOption = None,
) -> None:
    """Judge policies again: new results replace those of the same engine, object and skill, and the others stay on the
    card.

    A hand or an object of your own is given by its file.
    """
    from hot.policies import cards, read_card

    if (hand is None) != (name is None):
        raise typer.BadParameter("give a hand and a name, or neither", param_hint="NAME")
    engines = card_results.engines_of(engine)
    if hand and name:
        path = _found(hand, name)
        card = read_card(path)
        own = (name,) if _is_of(card, name) else card.objects
        told = _Judging(hand, _objects(objects, hand) or own, engines, count, _skills(skills, card.skills))
        return _judge(path, card, told)
    if objects is not None or skills is not None:
        raise typer.BadParameter("say whom to judge on them: HAND NAME", param_hint="--object, --skill")
    for path, card in cards():
        _judge(path, card, _Judging(card.hand, card.objects, engines, count))


@dataclass(frozen=True)
class _Judging:
    """On what a policy is judged; a hand and objects by name or file."""

    hand: str
    objects: Tuple[str, ...]
    engines: Tuple[str, ...]
    count: Optional[int]
    skills: Tuple[str, ...] = ()
    """Only on these, if any are named."""

    @property
    def clips(self) -> int:
        """Of each object and skill."""
        return self.count or max(_LEAST_CLIPS, _CLIPS // len(self.objects))


def _found(hand: str, name: str) -> Path:
    from hot.policies import find, names

    path = find(hand, name)
    if path is None:
        known = [each.replace("/", " ") for each in names()]
        raise UnknownNameError("policy", f"{hand} {name}", known, "Add a run's: hot policies add RUN")
    return path


def _is_of(card: Card, name: str) -> bool:
    """Whether a policy's name, or the file that stands for it, is that of its only object."""
    return [Path(name).stem.lower()] == [known.lower() for known in card.objects]


def _name(card: Card, asked: Optional[str]) -> str:
    """What a policy is called in its hand's folder. An object's name is left to the teachers of this object alone.

    Raises:
        ConfigError: it cannot be called so.
    """
    from hot.objects import object_names

    alone = len(card.objects) == 1
    if asked is None:
        kind = "student" if card.teachers else "teacher"
        return (f"{card.objects[0]}-student" if card.teachers else card.objects[0]) if alone else kind
    if not _NAME.fullmatch(asked):
        raise ConfigError(f"--name {asked}: a policy's name has letters, digits, - and _ alone")
    own = _is_of(card, asked) and not card.teachers
    if not own and asked.lower() in map(str.lower, (*object_names(), *card.objects)):
        raise ConfigError(f"--name {asked} is an object's: only a policy that was trained on it alone is called so")
    return asked


def _objects(text: Optional[str], hand: str) -> Tuple[str, ...]:
    """The objects that were named; none were: none.

    Raises:
        UnknownNameError: no such object.
    """
    from hot.objects import load_object, object_names
    from hot.synthesis.grasps import has_grasps

    listed = [] if text is None else options.split_names([text])
    if [name.lower() for name in listed] == ["all"]:
        return tuple(name for name in object_names() if has_grasps(Path(hand).stem, name))
    for name in listed:
        load_object(name)
    return tuple(dict.fromkeys(listed))


def _skills(asked: Optional[List[str]], known: Tuple[str, ...]) -> Tuple[str, ...]:
    """The skills that were named, in the policy's order; none were, or all: none.

    Raises:
        UnknownNameError: one that the policy was not trained on.
    """
    listed = options.split_names(asked)
    if listed == ["all"]:
        return ()
    for skill in listed:
        if skill not in known:
            raise UnknownNameError("skill", skill, known, "Those are what the policy was trained on.")
    return tuple(skill for skill in known if skill in listed)


def _judge(path: Path, card: Card, judging: _Judging) -> None:
    """Judge a policy engine by engine and object by object, and keep the results of each at once.

    Raises:
        HotError: there are no clips of its one object, or of none of several.
    """
    from hot import __version__
    from hot.policies import Policy, card_path, write_card

    policy, left_out = Policy.load(path), []
    several = len(judging.objects) > 1
    with progress.drawn() as listener:
        parts = [(engine, name) for engine in judging.engines for name in judging.objects]
        for index, (engine, name) in enumerate(parts):
            preset = _judging_preset(card, judging, engine, name)
            told = progress.within(listener, "judging", index / len(parts), (index + 1) / len(parts))
            results = card_results.judge(policy, preset, told, left_out if several else None)
            if results:
                card = card.judged(tuple(results), datetime.date.today().isoformat(), __version__)
                write_card(path, card)
    for reason in dict.fromkeys(left_out):
        console.note(f"Left out: {reason}")
    if not card.results:
        raise ConfigError(f"nothing to judge {path} on: {console.names(judging.objects)} have no clips")
    console.note(f"Written: {card_path(path)}")
    policy_table.show_card(card, path)


def _judging_preset(card: Card, judging: _Judging, engine: str, object_name: str) -> Preset:
    """The preset by which ``hot eval --policy`` would judge the policy too."""
    overrides = {
        "physics.engine": engine,
        "evaluation.clips": judging.clips,
        "synthesis.held_out": card.held_out,
    }
    return choices.make_preset(judging.hand, object_name, None, judging.skills or card.skills, overrides)
