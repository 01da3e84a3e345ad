"""``hot data fetch``: upstream's data set, and what is in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Optional

import typer
from typing_extensions import Annotated

from hotcli import console, options, progress

if TYPE_CHECKING:
    from hot.datasets import ClipGroup, Conversion, Fetched


def fetch(
    source: Annotated[
        Optional[str],
        typer.Option(
            "--from",
            metavar="URL|FILE|DIR",
            help="A link, a zip or tar file, or a folder with upstream's tree.",
            show_default="that of an earlier call, else upstream's file on Google Drive",
        ),
    ] = None,
    convert: Annotated[
        bool, typer.Option("--convert", help="Also write the clips in our format, which is read much faster.")
    ] = False,
    out: Annotated[Optional[Path], typer.Option("--out", help="Folder for it.", show_default="data/upstream")] = None,
    as_json: options.JsonOption = False,
) -> None:
    """Fetch upstream's full data set; the same command goes on after an interruption, and checks what is there."""
    from hot import datasets

    folder = out or datasets.default_folder()
    try:
        with progress.drawn() as listener:
            fetched = datasets.fetch(source, folder, progress=listener)
            _tell(fetched)
            converted = datasets.convert(fetched, listener) if convert else ()
    except KeyboardInterrupt:
        console.note(f"What has come to {folder} is kept; the same command goes on.")
        raise
    groups = datasets.index_of(motions_in(folder))
    if as_json:
        return console.show_json(_described(fetched, groups, converted))
    show_index(groups)
    if converted:
        written = sum(each.new for each in converted)
        console.note(f"Converted: {len(converted)} files, {written} of them now. Train on them with --motions")
    console.show(str(converted[0].path.parents[2] if converted else motions_in(folder)))


def motions_in(folder: Path) -> Path:
    """Where upstream's clips are in a folder: below ``motions`` if a data set was fetched into it."""
    from hot.datasets import read_record

    return folder / "motions" if read_record(folder) is not None else folder


def is_upstreams(path: Path) -> bool:
    """Whether this is a folder that a data set was fetched into, or one with upstream's clips and none of ours."""
    from hot.datasets import read_record

    if not path.is_dir():
        return False
    return read_record(path) is not None or (any(path.rglob("*.pt")) and not any(path.rglob("*.safetensors")))


def index_rows(groups: Iterable[ClipGroup]) -> List[Dict[str, Any]]:
    """An index for programs."""
    return [
        {
            "folder": str(group.folder),
            "hand": group.hand,
            "object": group.object,
            "skill": group.skill,
            "clips": len(group.files),
        }
        for group in groups
    ]


def show_index(groups: Iterable[ClipGroup]) -> None:
    """An index as a table with a row for each folder of an object."""
    rows: Dict[Any, Dict[str, int]] = {}
    for group in groups:
        rows.setdefault((str(group.folder), group.hand, group.object), {})[group.skill] = len(group.files)
    cells = [
        [*names, ", ".join(f"{count} {skill}" for skill, count in skills.items()), str(sum(skills.values()))]
        for names, skills in rows.items()
    ]
    title = f"Upstream's clips: {sum(sum(skills.values()) for skills in rows.values()):,}"
    console.show_table(title, ["folder", "hand", "object", "skills", "clips"], cells, words=4)


def _tell(fetched: Fetched) -> None:
    files = fetched.record.files
    if not fetched.new:
        console.note(f"{fetched.folder}: all {len(files):,} files are there and as they were; nothing to do.")
    elif fetched.restored:
        console.note(f"Restored: {len(fetched.restored):,} files, such as {fetched.restored[0]}")
    console.note(f"From: {fetched.record.source}")
    if fetched.record.sha256 is not None:
        console.note(f"SHA-256: {fetched.record.sha256}")


def _described(fetched: Fetched, groups: Iterable[ClipGroup], converted: Iterable[Conversion]) -> Dict[str, Any]:
    record = fetched.record
    return {
        "folder": str(fetched.folder),
        "source": record.source,
        "size": record.size,
        "sha256": record.sha256,
        "files": len(record.files),
        "new": fetched.new,
        "restored": list(fetched.restored),
        "index": index_rows(groups),
        "converted": [{"path": str(each.path), "clips": each.clips, "new": each.new} for each in converted],
    }
