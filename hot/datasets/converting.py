"""Upstream's clips written once in our format, so that they need not be read file by file each time."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple

from hot.datasets.fetching import Fetched
from hot.datasets.index import ClipGroup, index_of
from hot.datasets.unpacking import UnpackedFile
from hot.errors import BadFileError
from hot.hands import load_hand
from hot.motions import load_upstream, save_motions
from hot.progress import Progress, silent
from hot.writing import write_atomically

_CONVERTED = "converted"
_RECORD = "converted.json"


class Conversion(NamedTuple):
    """One file of ours."""

    path: Path
    clips: int
    new: bool
    """Whether it was written now."""


def convert(fetched: Fetched, progress: Progress = silent) -> Tuple[Conversion, ...]:
    """Write ``<folder>/converted/<set>/<object>/<skill>.safetensors`` for all clips of a data set.

    Each file holds what ``load_upstream`` reads of that skill and object from the object's folder. Files that were
    made from the very same clips are left as they are, so an interrupted call is gone on with.

    Raises:
        BadFileError: a clip is malformed, the message names the file and the key; or nothing can be written.
    """
    root = fetched.folder / _CONVERTED
    made = _read(root / _RECORD)
    groups = index_of(fetched.folder / "motions")
    done, total = 0, sum(len(group.files) for group in groups)
    conversions: List[Conversion] = []
    for group in groups:
        relative = f"{group.folder.parent.name}/{group.folder.name}/{group.skill}.safetensors"
        digest = _digest(group, fetched.folder, fetched.record.files)
        new = made.get(relative) != digest or not (root / relative).is_file()
        if new:

            def told(_: str, clip: int, __: int, figures: object, before: int = done) -> None:
                progress("converting clips", before + clip, total, {})

            hand = load_hand(group.hand)
            save_motions(root / relative, load_upstream(group.folder, hand, (group.skill,), group.object, told))
            made[relative] = digest
            with write_atomically(root / _RECORD) as temporary:
                temporary.write_text(json.dumps(made, indent=1), encoding="utf-8")
        done += len(group.files)
        conversions.append(Conversion(root / relative, len(group.files), new))
    return tuple(conversions)


def _read(path: Path) -> Dict[str, str]:
    """Digests of what each file was made from; none where that is not known."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _digest(group: ClipGroup, folder: Path, files: Dict[str, UnpackedFile]) -> str:
    """Of the clips, by their names and digests.

    Raises:
        BadFileError: a clip is there that was not fetched.
    """
    digest = hashlib.sha256()
    for path in group.files:
        place = path.relative_to(folder).as_posix()
        if place not in files:
            raise BadFileError(path, "was not fetched with the data set; move it elsewhere, or use it by --motions")
        digest.update(f"{place} {files[place].sha256}\n".encode())
    return digest.hexdigest()
