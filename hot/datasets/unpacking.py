"""Files out of a pack into a folder, whole and with their digests, from wherever it was interrupted."""

from __future__ import annotations

import hashlib
import os
import shutil
import zlib
from pathlib import Path
from typing import Collection, Dict, Iterable, Optional, Tuple

from hot.config import Config
from hot.datasets.archives import Member, Pack
from hot.datasets.config import FetchConfig
from hot.datasets.hashing import blocks_of, sha256_of
from hot.datasets.layout import places
from hot.datasets.meter import Meter
from hot.datasets.space import out_of_space, require_space
from hot.errors import BadFileError
from hot.progress import Progress

STAGE = "unpacking"
"""Folder in which files grow; each tree appears in its place whole."""


class UnpackedFile(Config):
    """One file as it was unpacked."""

    size: int
    sha256: str


def unpack(
    pack: Pack,
    source: object,
    folder: Path,
    config: FetchConfig,
    progress: Progress,
    replaced: Collection[str] = (),
) -> Dict[str, UnpackedFile]:
    """Bring all files of a pack to their places in ``folder``; those that are there already are not written again,
    but for those whose places are in ``replaced``.

    Raises:
        BadFileError: the pack holds what it must not, or is damaged. Nothing is unpacked, or nothing is in its place.
        DownloadError: the disk is full.
    """
    members = pack.members(progress)
    wanted = places([member.name for member in members], source)
    sizes = {member.name: member.size for member in members if member.name in wanted}
    try:
        stage = folder / STAGE
        stage.mkdir(parents=True, exist_ok=True)
        grown = sum(path.stat().st_size for path in stage.rglob("*") if path.is_file())
        require_space(folder, sum(sizes.values()) - grown, "unpacking", config)
        meter = Meter(progress, "unpacking", 0, sum(sizes.values()))
        files: Dict[str, UnpackedFile] = {}
        for member, content in pack.contents():
            place = wanted.get(member.name)
            if place is not None:
                there = None if place in replaced else _already(member, folder / place)
                there = there or _already(member, stage / place)
                files[place] = there or _written(member, content, stage / place, source)
                meter.add(member.size)
        meter.end()
        _settle(stage, folder, files)
    except OSError as error:
        raise out_of_space(folder, error) from error
    return files


def _already(member: Member, path: Path) -> Optional[UnpackedFile]:
    """A file that an earlier call left, if it is whole. Files are written front to back, so one of full size is."""
    if not path.is_file() or path.stat().st_size != member.size:
        return None
    crc, digest = 0, hashlib.sha256()
    with path.open("rb") as file:
        for block in blocks_of(file):
            crc = zlib.crc32(block, crc)
            digest.update(block)
    if member.crc not in (None, crc):
        return None
    return UnpackedFile(size=member.size, sha256=digest.hexdigest())


def _written(member: Member, content: Iterable[bytes], path: Path, source: object) -> UnpackedFile:
    path.parent.mkdir(parents=True, exist_ok=True)
    size, digest = 0, hashlib.sha256()
    with path.open("wb") as file:
        for block in content:
            size += len(block)
            if size > member.size:
                break
            file.write(block)
            digest.update(block)
    if size != member.size:
        path.unlink()
        raise BadFileError(source, f"{member.name!r} is not of the {member.size} bytes that the archive's list says")
    return UnpackedFile(size=size, sha256=digest.hexdigest())


def _settle(stage: Path, folder: Path, files: Dict[str, UnpackedFile]) -> None:
    """Move what has grown to its place, whole trees where there are none yet."""
    for stray in [path for path in stage.rglob("*") if path.is_file()]:
        if stray.relative_to(stage).as_posix() not in files:
            stray.unlink()
    for tree in sorted(stage.iterdir()):
        if not (folder / tree.name).exists():
            os.replace(tree, folder / tree.name)
            continue
        for path in [path for path in tree.rglob("*") if path.is_file()]:
            place = folder / path.relative_to(stage)
            place.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, place)
    shutil.rmtree(stage)


def damaged(folder: Path, files: Dict[str, UnpackedFile], progress: Progress) -> Tuple[str, ...]:
    """Those of some files that are missing or no longer what they were."""
    meter = Meter(progress, "checking what is here", 0, sum(file.size for file in files.values()))
    bad = []
    for place, file in files.items():
        if not _is_whole(folder / place, file):
            bad.append(place)
        meter.add(file.size)
    meter.end()
    return tuple(bad)


def _is_whole(path: Path, file: UnpackedFile) -> bool:
    try:
        return path.stat().st_size == file.size and sha256_of(path) == file.sha256
    except OSError:
        return False
