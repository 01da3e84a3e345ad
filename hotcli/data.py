"""``hot data``: make reference motions, and say what is in a file of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Optional

import typer
from typing_extensions import Annotated

from hotcli import choices, clips, console, options, progress

if TYPE_CHECKING:
    from hot.motions import Motions

app = typer.Typer(no_args_is_help=True, help="Make reference motions, and look at them.")


@app.command()
def generate(  # noqa: PLR0913  a command's parameters are its options
    hand: options.HandOption = None,
    object_: options.ObjectOption = None,
    skill: options.SkillOption = None,
    count: options.ClipsOption = None,
    seed: options.SeedOption = None,
    out: Annotated[
        Optional[Path], typer.Option("--out", help="Folder for the files.", show_default="data/motions/HAND/OBJECT")
    ] = None,
    new_grasps: Annotated[
        Optional[int],
        typer.Option(min=1, help="Find so many grasps first.", show_default="those that ship or were found"),
    ] = None,
    engine: options.EngineOption = None,
    set_: options.SetOption = None,
    dry_run: options.DryRunOption = False,
) -> None:
    """Compose grasps into training clips, one file a skill."""
    from hot.assets import data_root

    overrides = {**choices.engine_of(engine), **options.given(seed=seed, synthesis__train_clips=count)}
    overrides.update(options.assignments(set_))
    preset = choices.make_preset(hand, object_, None, options.split_names(skill), overrides)
    if dry_run:
        return console.show(choices.preset_text(preset))
    hand_spec, object_spec = choices.load_specs(preset)
    folder = out or clips.motions_folder(hand_spec.name, object_spec.name)
    with progress.drawn() as listener:
        if new_grasps is not None:
            clips.search_grasps(hand_spec, object_spec, new_grasps, preset, listener, data_root() / "grasps")
        paths = clips.generate(hand_spec, object_spec, preset, folder, listener)
    for path in paths:
        console.show(str(path))


@app.command()
def info(
    paths: Annotated[
        Optional[List[Path]], typer.Argument(help="Motion files or folders of them.", show_default="the data folder")
    ] = None,
    as_json: options.JsonOption = False,
) -> None:
    """Say what motion files hold: hand, object, clips a skill, lengths and speeds."""
    from hot.assets import data_root
    from hot.errors import BadFileError
    from hot.motions import load_motions

    own = data_root() / "motions"
    files = [file for root in paths or [own] for file in _files_in(root)]
    if not files or files == [own]:
        raise BadFileError((paths or [own])[0], "holds no motions. Make some: hot data generate")
    rows = [row for file in files for row in _describe(file, load_motions(file))]
    if as_json:
        return console.show_json(rows)
    cells = [[_text(value) for value in row.values()] for row in rows]
    console.show_table("Motions", list(rows[0]), cells, words=4)


def _files_in(root: Path) -> List[Path]:
    return sorted(root.rglob("*.safetensors")) if root.is_dir() else [root]


def _describe(file: Path, motions: Motions) -> List[Dict[str, Any]]:
    """One row for each object and skill in a file that has clips."""
    rows = []
    for o, object_name in enumerate(motions.objects):
        for s, skill in enumerate(motions.skills):
            ids = ((motions.clip_object == o) & (motions.clip_skill == s)).nonzero()[:, 0]
            if len(ids):
                part = motions.select(ids)
                names = {"file": str(file), "hand": motions.hand, "object": object_name, "skill": skill}
                rows.append({**names, **_figures(part)})
    return rows


def _figures(motions: Motions) -> Dict[str, Any]:
    wrist, carried = motions.joint_vel[:, :3].norm(dim=-1), motions.object_linvel_w.norm(dim=-1)
    return {
        "clips": motions.num_clips,
        "frames": int(motions.lengths.sum()),
        "shortest_s": float(motions.lengths.min()) / motions.fps,
        "longest_s": float(motions.lengths.max()) / motions.fps,
        "wrist_mean_m_s": float(wrist.mean()),
        "wrist_max_m_s": float(wrist.max()),
        "object_max_m_s": float(carried.max()),
        "contact_share": float((motions.contact == 1).float().mean()),
    }


def _text(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
