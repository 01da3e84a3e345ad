"""The options that commands share: one name and one meaning each."""

from __future__ import annotations

from pathlib import Path
from typing import List, Optional

import typer
from typing_extensions import Annotated

HandOption = Annotated[
    Optional[str],
    typer.Option("--hand", help="A hand's name (hot hands list), or the path of its .xml file.", show_default="mano"),
]
ObjectOption = Annotated[
    Optional[str],
    typer.Option("--object", help="A name of hot objects list, in any case; or a .yaml file.", show_default="Bottle"),
]
ObjectsOption = Annotated[
    Optional[List[str]],
    typer.Option(
        "--object",
        "--objects",
        help="A name of hot objects list, in any case, or a .yaml file; several by commas.",
        show_default="Bottle",
    ),
]
SkillOption = Annotated[
    Optional[List[str]],
    typer.Option("--skill", help="A skill, several by commas, or all.", show_default="grasp,move,place"),
]
StageOption = Annotated[
    Optional[int],
    typer.Option("--stage", min=1, help="1 tracks precisely, 2 goes on under large noise.", show_default="1"),
]
SeedOption = Annotated[Optional[int], typer.Option("--seed", min=1, help="Seed of all draws.", show_default="preset")]
EpochsOption = Annotated[
    Optional[int], typer.Option("--epochs", min=1, help="Rounds of roll-out and update.", show_default="preset")
]
MinutesOption = Annotated[
    Optional[float], typer.Option("--minutes", help="Training time; it ends training if epochs do not.")
]
GpusOption = Annotated[int, typer.Option("--gpus", min=1, help="GPUs of this machine, each with its own worlds.")]
OutOption = Annotated[Optional[Path], typer.Option("--out", help="Run folder.", show_default="a new one in runs/")]
ResumeOption = Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")]
NumEnvsOption = Annotated[
    Optional[int], typer.Option("--num-envs", min=1, help="Worlds that are stepped at once.", show_default="preset")
]
ClipsOption = Annotated[
    Optional[int], typer.Option("--clips", min=1, help="Clips of each skill.", show_default="preset")
]
EngineOption = Annotated[
    Optional[str],
    typer.Option(
        "--engine",
        help="mujoco, on CPUs; warp, on an NVIDIA GPU, and learning there too; isaacgym, for those who have it; "
        "auto, warp if it can.",
        show_default="auto",
    ),
]
MotionsOption = Annotated[
    Optional[Path],
    typer.Option(
        "--motions",
        help="A motion file, a folder of SKILL.safetensors, or upstream's .pt files, instead of our own clips.",
    ),
]
AssetsOption = Annotated[
    Optional[Path],
    typer.Option(
        "--assets", help="Folder of the original release's objects, NAME/NAME.urdf with meshes, for --object."
    ),
]
SetOption = Annotated[
    Optional[List[str]],
    typer.Option("--set", metavar="KEY=VALUE", help="Any preset value, such as reward.object_position=60; repeatable."),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Print the resolved preset and stop.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]

DEFAULT_HAND = "mano"
DEFAULT_OBJECT = "Bottle"
RUNS_FOLDER = Path("runs")


def split_names(values: Optional[List[str]]) -> List[str]:
    """Names given repeatedly or with commas, as one list."""
    return [name.strip() for value in values or () for name in value.split(",") if name.strip()]


def assignments(values: Optional[List[str]]) -> dict:
    """``KEY=VALUE`` texts as a mapping.

    Raises:
        typer.BadParameter: a text without key or without ``=``.
    """
    pairs = [value.partition("=") for value in values or ()]
    for key, equals, _ in pairs:
        if not (key.strip() and equals):
            raise typer.BadParameter(f"'{key}' is not KEY=VALUE", param_hint="--set")
    return {key.strip(): value for key, _, value in pairs}


def given(**values: object) -> dict:
    """The options that were given, with ``__`` in names as dots of preset keys."""
    return {name.replace("__", "."): value for name, value in values.items() if value is not None}


def training_length(
    seed: Optional[int], num_envs: Optional[int], epochs: Optional[int], minutes: Optional[float]
) -> dict:
    """The options of a training that say how long and how much, as preset keys."""
    seconds = None if minutes is None else 60.0 * minutes
    return given(seed=seed, ppo__num_envs=num_envs, ppo__epochs=epochs, ppo__seconds=seconds)
