"""``hot data``: make reference motions, and say what is in a file of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

import typer
from typing_extensions import Annotated

from hotcli import choices, clips, compose, console, contact_sheet, fetch, options, progress

if TYPE_CHECKING:
    from hot.datasets import ClipGroup
    from hot.hands import HandSpec
    from hot.motions import Motions
    from hot.objects import ObjectSpec

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


app.command()(compose.compose)
app.command()(fetch.fetch)


@app.command()
def info(
    paths: Annotated[
        Optional[List[Path]],
        typer.Argument(help="Motion files, folders of them, or of upstream's files.", show_default="the data folder"),
    ] = None,
    png: Annotated[Optional[Path], typer.Option("--png", help="Draw some clips at six moments each.")] = None,
    as_json: options.JsonOption = False,
) -> None:
    """Say what motion files hold: clips a skill and resting pose, lengths, speeds, overlap of hand and object.

    Of a data set of upstream's, say which hands, objects and skills it has, and how many clips.
    """
    from hot.motions import load_motions

    files, groups = _found(paths)
    sets = [(file, part) for file in files for part in _parts(load_motions(file))]
    rows = [_described(file, part) for file, part in sets]
    if png is not None:
        contact_sheet.write_contact_sheet(png, [(part, *_specs(part), part.skills[0]) for _, part in sets])
        console.note(f"Written: {png}")
    if as_json:
        return console.show_json([*rows, *fetch.index_rows(groups)])
    for title, columns in _TABLES.items() if rows else ():
        cells = [[_text(row[name]) for name in (*_NAMES, *columns)] for row in rows]
        console.show_table(title, [*_NAMES, *columns], cells, words=len(_NAMES))
    if groups:
        fetch.show_index(groups)


_NAMES = ("file", "hand", "object", "skill")
_TABLES = {
    "Motions; speeds: median, 99th percentile, maximum": (
        "clips", "frames", "shortest_s", "longest_s", "poses", "contact_share", "wrist_m_s", "wrist_rad_s",
        "fingers_rad_s", "object_m_s", "refined",
    ),
    "Are they valid? Overlap: median, 99th percentile, maximum": (
        "overlap_mm", "early_touches", "beyond_limits", "flight_mm", "jump_cm", "jump_deg",
        "valid",
    ),
}  # fmt: skip


def _found(paths: Optional[List[Path]]) -> Tuple[List[Path], List[ClipGroup]]:
    """Motion files of ours, and upstream's clips.

    Raises:
        BadFileError: there are neither.
    """
    from hot import datasets
    from hot.assets import data_root
    from hot.errors import BadFileError

    roots = paths or [path for path in (data_root() / "motions", datasets.default_folder()) if path.is_dir()]
    files: List[Path] = []
    groups: List[ClipGroup] = []
    for root in roots:
        if datasets.is_begun(root):
            console.note(f"{root} is not whole yet; hot data fetch goes on with it.")
        elif fetch.is_upstreams(root):
            groups += datasets.index_of(fetch.motions_in(root))
        else:
            files += sorted(root.rglob("*.safetensors")) if root.is_dir() else [root]
    if not files and not groups:
        where = roots[0] if roots else data_root() / "motions"
        raise BadFileError(where, "holds no motions. Make some: hot data generate; or take upstream's: hot data fetch")
    return files, groups


def _parts(motions: Motions) -> List[Motions]:
    """The clips of each object and skill that has some; composed clips are not parted by skill."""
    if motions.frame_skill is not None:
        return [
            motions.select((motions.clip_object == o).nonzero()[:, 0]) for o in motions.clip_object.unique().tolist()
        ]
    parts = []
    for o, object_name in enumerate(motions.objects):
        for s, skill in enumerate(motions.skills):
            ids = ((motions.clip_object == o) & (motions.clip_skill == s)).nonzero()[:, 0]
            if len(ids):
                part = motions.select(ids)
                kept = {"clip_object": part.clip_object * 0, "clip_skill": part.clip_skill * 0}
                parts.append(replace(part, objects=(object_name,), skills=(skill,), **kept))
    return parts


def _specs(part: Motions) -> Tuple[HandSpec, ObjectSpec]:
    return choices.specs_of(part.hand, _object_of(part))


def _object_of(part: Motions) -> str:
    return part.objects[int(part.clip_object[0])]


def _described(file: Path, part: Motions) -> Dict[str, Any]:
    from hot.planning.inspection import inspect

    skill = part.skills[0] if part.frame_skill is None else "sequence"
    names = {"file": str(file), "hand": part.hand, "object": _object_of(part), "skill": skill}
    report = inspect(part, *_specs(part))
    return {**names, **report.model_dump(mode="json"), "valid": report.valid(), "refined": _refined(part)}


def _refined(part: Motions) -> Optional[str]:
    """How many of the clips that a policy was rolled out on were kept, if these are such."""
    if part.meta.get("generator") != "hot.refinement":
        return None
    return f"{part.meta['kept']} of {part.meta['clips']}"


def _text(value: Any) -> str:
    if isinstance(value, dict):
        counts = all(isinstance(number, int) for number in value.values())
        return " ".join(f"{number} {name}" if counts else f"{number:.3g}" for name, number in value.items())
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
