"""``hot hands``: the hands at hand, what one is made of, and adding one from a model that others published."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

import typer
from typing_extensions import Annotated

from hot.errors import ConfigError, MissingDependencyError
from hotcli import console, options

if TYPE_CHECKING:
    import numpy as np

    from hot.adoption import Adoption, AdoptionConfig
    from hot.hands import HandSpec

app = typer.Typer(no_args_is_help=True, help="The hands at hand, and adding one of your own.")

_WRIST = 6


@app.command("list")
def list_hands(as_json: options.JsonOption = False) -> None:
    """List the packaged hands and your own."""
    from hot.hands import hand_names, load_hand

    rows = [_summary(load_hand(name)) for name in hand_names()]
    if as_json:
        return console.show_json(rows)
    columns = ["name", "from", "joints", "fingers", "mass [kg]", "bodies", "colliders"]
    cells = [
        [f"{v:.3f}" if isinstance(v, float) else str(v) for v in list(row.values())[: len(columns)]] for row in rows
    ]
    console.show_table("Hands (joints without the wrist's six)", columns, cells, words=2)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A hand's name, or the path of its .xml file.")],
    png: Annotated[Optional[Path], typer.Option("--png", help="Also draw the open hand to this file.")] = None,
    as_json: options.JsonOption = False,
) -> None:
    """Print a hand's joints with their ranges and drives."""
    from hot.hands import load_hand

    hand = load_hand(name)
    rows = _joints(hand)
    if as_json:
        console.show_json({**_summary(hand), "joint": rows})
    else:
        facts = _summary(hand)
        console.show(f"{hand.name}: {facts['fingers']} fingers ({console.names(hand.finger_names)}), {facts['path']}")
        columns = ["joint", "body", "lower", "upper", "open", "stiffness", "damping", "force limit"]
        cells = [[v if isinstance(v, str) else f"{v:.4g}" for v in row.values()] for row in rows]
        console.show_table("Joints [m, N/m, Ns/m, N] and [rad, Nm/rad, Nms/rad, Nm]", columns, cells, words=2)
    if png is not None:
        _draw(hand, [hand.open_fingers.double().numpy()], png)
        console.note(f"Drawn: {png}")


@app.command()
def add(  # noqa: PLR0913  a command's parameters are its options
    source: Annotated[Path, typer.Argument(metavar="FILE", help="The hand's model: MJCF (.xml) or URDF.")],
    name: Annotated[Optional[str], typer.Option("--name", help="Name of the hand.", show_default="the file's")] = None,
    wrist: Annotated[
        Optional[str],
        typer.Option("--wrist", metavar="BODY", help="Body that becomes the wrist: what carries the fingers."),
    ] = None,
    thumb: Annotated[Optional[str], typer.Option("--thumb", metavar="BODY", help="A body of the thumb.")] = None,
    palm: Annotated[
        Optional[str],
        typer.Option(
            "--palm",
            help="X Y Z QW QX QY QZ of the palm's surface on the wrist body: +z out of it, +x along the fingers.",
        ),
    ] = None,
    opened: Annotated[
        Optional[List[str]],
        typer.Option("--open", metavar="JOINT=ANGLE", help="Angle of a joint of the open hand [rad]; repeatable."),
    ] = None,
    ranges: Annotated[
        Optional[List[str]],
        typer.Option("--range", metavar="JOINT=LOW,HIGH", help="Range of a joint [rad]; repeatable."),
    ] = None,
    fixed: Annotated[
        Optional[List[str]], typer.Option("--fix", metavar="JOINT", help="Hold a joint at 0; repeatable.")
    ] = None,
    origin: Annotated[
        Optional[str],
        typer.Option("--origin", metavar="TEXT", help="Source and licence of the model, kept in the file."),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace your own hand of that name.")] = False,
) -> None:
    """Derive a hand from a published model, try it in simulation, and keep it under a name that --hand takes."""
    from hot.adoption import adopt_hand

    config = _config(
        name=name or source.stem.lower().replace(" ", "_"),
        wrist=wrist,
        thumb=thumb,
        palm=None if palm is None else _numbers(palm, 7, "--palm"),
        opened={joint: _numbers(text, 1, "--open")[0] for joint, text in _pairs(opened, "--open")},
        ranges={joint: _numbers(text, 2, "--range") for joint, text in _pairs(ranges, "--range")},
        fixed=tuple(options.split_names(fixed)),
        origin=origin or "",
    )
    adoption = adopt_hand(source, config, replace)
    for line in [*adoption.notes, *_stale(adoption.hand.name)]:
        console.note(f"Note: {line}.")
    _report(adoption)
    _preview(adoption)
    console.show(str(adoption.hand.mjcf))


def _stale(name: str) -> List[str]:
    """What was made for an older hand of this name."""
    from hot.assets import data_root

    made = [str(folder) for kind in ("grasps", "motions") if (folder := data_root() / kind / name).is_dir()]
    return [f"made for the older hand of this name, so better removed: {console.names(made)}"] if made else []


def _config(**values: Any) -> AdoptionConfig:
    from pydantic import ValidationError

    from hot.adoption import AdoptionConfig

    try:
        return AdoptionConfig(**values)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"--{first['loc'][0]} '{first['input']}': {first['msg']}") from error


def _pairs(values: Optional[List[str]], option: str) -> List[Tuple[str, str]]:
    pairs = [value.partition("=") for value in values or ()]
    for joint, equals, text in pairs:
        if not (joint and equals and text):
            raise typer.BadParameter(f"'{joint}{equals}{text}' is not JOINT=VALUE", param_hint=option)
    return [(joint.strip(), text) for joint, _, text in pairs]


def _numbers(text: str, count: int, option: str) -> Tuple[float, ...]:
    try:
        values = tuple(float(word) for word in text.replace(",", " ").split())
    except ValueError:
        values = ()
    if len(values) != count:
        raise typer.BadParameter(f"'{text}' is not {count} number{'s' if count > 1 else ''}", param_hint=option)
    return values


def _report(adoption: Adoption) -> None:
    """What was derived, and how the hand did in its trial."""
    hand, trial = adoption.hand, adoption.trial
    steps = list(trial.steps.values())
    facts = _summary(hand)
    console.note(
        f"{hand.name}: {facts['joints']} joints, {hand.num_fingers} fingers ({console.names(hand.finger_names)}), "
        f"{facts['mass_kg']:.3f} kg, {facts['colliders']} colliders"
    )
    console.note(
        f"Tried in simulation: holds within {trial.drift:.1g} rad or m; 90 % of a step after at most "
        f"{max(step.rise_s for step in steps):.2f} s; farthest travel {max(step.peak for step in steps):.2f} of a "
        f"step, back to {min(step.lowest_after for step in steps):.2f}; closing brings the tips out over the palm by "
        + ", ".join(f"{name} {100 * rise:.1f} cm" for name, rise in zip(hand.finger_names, trial.rises))
    )


def _preview(adoption: Adoption) -> None:
    path = adoption.hand.mjcf.with_suffix(".png")
    try:
        _draw(adoption.hand, [adoption.hand.open_fingers.double().numpy(), adoption.closed], path)
    except MissingDependencyError as error:
        return console.note(f"No preview: {error}")
    console.note(f"Preview, open and closed: {path}")


def _draw(hand: HandSpec, postures: List[np.ndarray], path: Path) -> None:
    from hot.physics.hand_portrait import draw_hand
    from hot.writing import write_png

    write_png(path, draw_hand(hand, postures))


def _summary(hand: HandSpec) -> Dict[str, Any]:
    from hot.hands import packaged_hand_names
    from hot.physics.hand_trial import mass_of

    packaged = hand.name in packaged_hand_names()
    return {
        "name": hand.name,
        "from": "packaged" if packaged else "own",
        "joints": hand.num_joints - _WRIST,
        "fingers": hand.num_fingers,
        "mass_kg": mass_of(hand),
        "bodies": len(hand.tree.names),
        "colliders": len(hand.tree.colliders),
        "path": str(hand.mjcf),
    }


def _joints(hand: HandSpec) -> List[Dict[str, Any]]:
    opened = [0.0] * _WRIST + hand.open_fingers.tolist()
    return [
        {
            "joint": name,
            "body": hand.tree.names[hand.tree.joint_bodies[index]],
            "lower": hand.joint_lower[index].item(),
            "upper": hand.joint_upper[index].item(),
            "open": opened[index],
            "stiffness": hand.stiffness[index].item(),
            "damping": hand.damping[index].item(),
            "force_limit": hand.force_limit[index].item(),
        }
        for index, name in enumerate(hand.joint_names)
    ]
