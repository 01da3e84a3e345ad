"""``hot data compose``: skills put together to long clips, as a script says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Optional

import typer
from typing_extensions import Annotated

from hotcli import choices, console, options, progress, sequences

if TYPE_CHECKING:
    from hot.motions import Motions


def compose(  # noqa: PLR0913  a command's parameters are its options
    script: Annotated[
        Optional[str],
        typer.Argument(help="A .yaml file, the name of a packaged script, or random.", show_default="none"),
    ] = None,
    hand: options.HandOption = None,
    object_: Annotated[
        Optional[str], typer.Option("--object", help="A name of hot objects list.", show_default="the script's")
    ] = None,
    count: Annotated[int, typer.Option("--clips", min=1, help="Clips; they differ in what is random.")] = 20,
    seconds: sequences.SecondsOption = None,
    split: Annotated[
        str, typer.Option("--split", help="Grasps to use: train, or test, which none trains on.")
    ] = "train",
    seed: options.SeedOption = None,
    out: Annotated[
        Optional[Path],
        typer.Option("--out", help="The file to write.", show_default="data/sequences/HAND/OBJECT/SCRIPT.safetensors"),
    ] = None,
    set_: options.SetOption = None,
    listing: Annotated[bool, typer.Option("--list", help="Name the packaged scripts and stop.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the scripts' JSON schema and stop.")] = False,
    as_json: options.JsonOption = False,
) -> None:
    """Compose skills into continuous clips of any length."""
    from hot.assets import data_root
    from hot.motions import save_motions

    if schema:
        return _show_schema()
    if listing:
        return _show_list(as_json)
    if script is None:
        raise typer.BadParameter("name a script (--list shows the packaged ones) or random", param_hint="SCRIPT")
    wanted = sequences.read(script, seconds)
    overrides = {**options.given(seed=seed), **options.assignments(set_)}
    preset = choices.make_preset(hand, object_ or wanted.object_name, None, (), overrides)
    hand_spec, object_spec = choices.load_specs(preset)
    with progress.drawn() as listener:
        motions = sequences.composed(
            wanted, hand_spec, object_spec, count, preset.seed, preset.synthesis, split, listener
        )
    name = f"{wanted.name}.safetensors"
    path = out or data_root() / "sequences" / hand_spec.name / object_spec.name.lower() / name
    save_motions(path, motions)
    console.note(f"{motions.num_clips} clips, {int(motions.lengths.sum())} frames, written to {path}")
    _tell(path, motions, as_json)


def _tell(path: Path, motions: Motions, as_json: bool) -> None:
    from hot.composition import timeline

    if as_json:
        clips = [timeline(motions, clip) for clip in range(motions.num_clips)]
        return console.show_json({"file": str(path), "fps": motions.fps, "clips": clips})
    console.note("First clip: " + sequences.described(timeline(motions, 0), motions.fps))
    console.show(str(path))


def _show_schema() -> None:
    from hot.composition import Script

    console.show_json(Script.model_json_schema())


def _show_list(as_json: bool) -> None:
    from hot.composition import load_script, script_names

    scripts = {name: load_script(name) for name in script_names()}
    if as_json:
        return console.show_json({name: script.model_dump(mode="json") for name, script in scripts.items()})
    rows = [[name, s.object or "any", s.description, str(len(s.flat()))] for name, s in scripts.items()]
    rows.append(["random", "any", "Another random order of skills in each clip; --seconds says how long.", "-"])
    console.show_table("Packaged scripts", ["name", "object", "what", "steps"], rows, words=3)
