"""``hot export``: what a policy leaves for others, its motions and itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, List, Optional, Sequence

import typer
from typing_extensions import Annotated

from hot.errors import ConfigError
from hotcli import assets as foreign
from hotcli import controllers, deployed, options, refined

if TYPE_CHECKING:
    from hotcli.controllers import Controller

app = typer.Typer(
    no_args_is_help=True, help="What a policy leaves for others: motions that really happened, and itself."
)

SourceArgument = Annotated[
    Optional[Path],
    typer.Argument(
        metavar="[RUN|POLICY]",
        help="A run, a policy file, or HAND/NAME of hot policies.",
        show_default="the newest finished run of hand and object, else a policy",
    ),
]


@app.command("refined")
def export_refined(  # noqa: PLR0913  a command's parameters are its options
    source: SourceArgument = None,
    hand: options.HandOption = None,
    object_: options.ObjectOption = None,
    skill: Annotated[
        Optional[List[str]],
        typer.Option("--skill", help="A skill, several by commas, or all.", show_default="what the policy knows"),
    ] = None,
    count: Annotated[
        Optional[int], typer.Option("--clips", min=1, help="Most clips of each skill.", show_default="all there are")
    ] = None,
    seed: Annotated[
        Optional[int],
        typer.Option("--seed", min=1, help="Plan new clips with it.", show_default="take the data folder's"),
    ] = None,
    engine: options.EngineOption = None,
    motions: options.MotionsOption = None,
    assets: options.AssetsOption = None,
    split: Annotated[
        str, typer.Option("--split", help="train: clips to train on; test: of grasps that no training sees.")
    ] = "train",
    out: Annotated[
        Optional[Path],
        typer.Option("--out", help="Folder of the files.", show_default="RUN/refined or data/refined/HAND/OBJECT"),
    ] = None,
    format_: Annotated[
        str, typer.Option("--format", help="hot: SKILL.safetensors; upstream: a .pt file for each clip.")
    ] = "hot",
    as_json: options.JsonOption = False,
) -> None:
    """Roll a policy over every clip from its first frame, and keep what succeeded as motions."""
    refined.check(motions, seed, split, format_)
    object_ = foreign.find_one(assets, object_, planned=motions is None)
    controller = _policy_of(source, hand, object_, options.split_names(skill), "Rolling out")
    wanted = refined.Wanted(split, count, seed, motions)
    refined.export(controller, hand, object_, options.split_names(skill), engine, wanted, out, format_, as_json)


OutOption = Annotated[
    Optional[Path],
    typer.Option("--out", help="The file.", show_default="policy.FORMAT in the run, or HAND-OBJECT.FORMAT"),
]


@app.command()
def onnx(
    source: SourceArgument = None,
    hand: options.HandOption = None,
    object_: options.ObjectOption = None,
    motions: options.MotionsOption = None,
    out: OutOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Write a policy as one ONNX file from observation to joint targets, checked against torch."""
    _deploy("onnx", source, hand, object_, motions, out, as_json)


@app.command()
def torchscript(
    source: SourceArgument = None,
    hand: options.HandOption = None,
    object_: options.ObjectOption = None,
    motions: options.MotionsOption = None,
    out: OutOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Write a policy as one TorchScript file from observation to joint targets, checked against torch."""
    _deploy("torchscript", source, hand, object_, motions, out, as_json)


def _deploy(
    format_: str,
    source: Optional[Path],
    hand: Optional[str],
    object_name: Optional[str],
    motions: Optional[Path],
    out: Optional[Path],
    as_json: bool,
) -> None:
    deployed.check(format_)
    controller = _policy_of(source, hand, object_name, (), "Exporting")
    deployed.export(format_, controller, hand, object_name, motions, out, as_json)


def _policy_of(
    source: Optional[Path], hand: Optional[str], object_name: Optional[str], skills: Sequence[str], doing: str
) -> Controller:
    """The policy that was named, by its run, its file or ``HAND/NAME``, or the one at hand.

    Raises:
        ConfigError: there is none.
    """
    file = source if source is not None and source.is_file() else None
    if source is not None and not source.exists():
        file = controllers.in_library(source)
    found = controllers.find(None if file else source, file, hand, object_name, skills, doing)
    if found.policy is None:
        raise ConfigError("no policy to export: name a run or a file, or see which there are: hot policies")
    return found
