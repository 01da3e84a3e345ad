"""Upstream's data set on this disk: from a link, an archive or a folder, checked, unpacked and remembered."""

from __future__ import annotations

import contextlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, Optional, Tuple

import filelock
from pydantic import ValidationError
from typing_extensions import Literal

from hot.assets import data_root
from hot.config import Config
from hot.datasets.archives import open_pack
from hot.datasets.config import FetchConfig
from hot.datasets.hashing import sha256_of
from hot.datasets.links import DRIVE_FILE
from hot.datasets.transfer import Files, download
from hot.datasets.unpacking import STAGE, UnpackedFile, damaged, unpack
from hot.errors import BadFileError, ConfigError
from hot.progress import Progress, silent
from hot.writing import write_atomically

UPSTREAM = DRIVE_FILE.format(id="1Eo1c2W_y2chvHtbsVG47B9d7M85fhwJY")
"""The full data set, as upstream's README links it."""

_RECORD = "fetched.json"
_DOWNLOAD = "download"
_DRIVE_ID = re.compile(r"[\w-]{25,}", re.ASCII)


class Record(Config):
    """What was fetched into a folder, and that it is whole."""

    version: Literal[1] = 1
    source: str
    size: Optional[int]
    """Of the archive [bytes]; None, as is its digest, if the source is a folder."""
    sha256: Optional[str]
    files: Dict[str, UnpackedFile]
    """By their places in the folder."""


@dataclass(frozen=True)
class Fetched:
    """A data set on this disk."""

    folder: Path
    record: Record
    restored: Tuple[str, ...] = ()
    """Files that had been damaged or were missing."""
    new: bool = True
    """Whether anything was done."""


def default_folder() -> Path:
    """Where the data set goes, and is looked for."""
    return data_root() / "upstream"


def read_record(folder: Path) -> Optional[Record]:
    """What a folder holds, if a data set was fetched into it.

    Raises:
        BadFileError: the record is damaged.
    """
    path = folder / _RECORD
    if not path.is_file():
        return None
    try:
        return Record.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise BadFileError(path, "is damaged; delete it, and hot data fetch looks at all files again") from error


def is_begun(folder: Path) -> bool:
    """Whether a data set was begun to be fetched into a folder, and is not whole."""
    begun = Files.of(folder / _DOWNLOAD).note.exists() or (folder / STAGE).is_dir()
    return begun and read_record(folder) is None


def fetch(
    source: Optional[str] = None,
    folder: Optional[Path] = None,
    config: FetchConfig = FetchConfig(),  # noqa: B008  frozen
    progress: Progress = silent,
) -> Fetched:
    """Bring upstream's data set into a folder, from wherever an earlier call was interrupted.

    A data set that is there is checked file by file, and what is damaged is fetched again.

    Args:
        source: a link, a zip or tar file, a folder, or an id of Google Drive's; None for that of an earlier call, else
            for :data:`UPSTREAM`.

    Raises:
        DownloadError: the source cannot be had, or the disk is full.
        BadFileError: it holds what it must not, or is damaged; nothing of it is put in its place.
        ConfigError: the folder holds another source's data, or another call is at work in it.
    """
    folder = folder or default_folder()
    with _alone(folder):
        record = read_record(folder)
        known = _source_of(folder, record)
        wanted = known or UPSTREAM if source is None else _resolved(source)
        if known not in (None, wanted):
            raise ConfigError(
                f"{folder} holds data from {known}, not from {wanted}. Go on with --from {known}, choose another "
                "--out, or delete it"
            )
        bad = damaged(folder, record.files, progress) if record else ()
        if record is not None and not bad:
            _clean(folder)
            return Fetched(folder, record, new=False)
        record = _brought(wanted, folder, record, bad, config, progress)
        _clean(folder)
        return Fetched(folder, record, bad)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(str(folder / ".lock"))
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise ConfigError(
            f"another hot data fetch is at work in {folder}; wait for it, or choose another --out"
        ) from error
    except OSError as error:
        raise BadFileError(folder, f"cannot be written: {error.strerror}. Choose another place with --out") from error
    try:
        yield
    finally:
        lock.release()


def _source_of(folder: Path, record: Optional[Record]) -> Optional[str]:
    """Where an earlier call took a folder's data from."""
    arrival = Files.of(folder / _DOWNLOAD).arrival()
    return record.source if record else arrival.source if arrival else None


def _resolved(source: str) -> str:
    """A source in the one form in which it is remembered."""
    if re.match(r"https?://", source, re.IGNORECASE):
        return source
    if Path(source).exists():
        return str(Path(source).resolve())
    if _DRIVE_ID.fullmatch(source):
        return DRIVE_FILE.format(id=source)
    raise BadFileError(source, "no such file or folder; a link begins with http:// or https://")


def _brought(
    source: str,
    folder: Path,
    earlier: Optional[Record],
    bad: Tuple[str, ...],
    config: FetchConfig,
    progress: Progress,
) -> Record:
    """Download if need be, unpack, remember."""
    if re.match(r"https?://", source, re.IGNORECASE):
        pack = folder / _DOWNLOAD
        arrival = download(source, pack, config, progress)
        size, sha256 = arrival.size, arrival.sha256
    else:
        pack = Path(source)
        if not pack.exists():
            raise BadFileError(pack, "is there no more; choose another --out to take the data from elsewhere")
        if pack == folder.resolve() or pack in folder.resolve().parents:
            raise ConfigError(f"--out {folder} lies in {pack}, which is to be copied; choose another place")
        size = None if pack.is_dir() else pack.stat().st_size
        sha256 = None if pack.is_dir() else sha256_of(pack, "checking the archive", progress)
    if earlier is not None and earlier.sha256 != sha256:
        raise BadFileError(
            source,
            f"is no longer what {folder} was fetched from: its SHA-256 is {sha256}, not {earlier.sha256}. Delete "
            f"{folder / _RECORD} to take it as it is now",
        )
    with open_pack(pack, config) as opened:
        files = unpack(opened, source, folder, config, progress, bad)
    record = Record(source=source, size=size, sha256=sha256, files=files)
    with write_atomically(folder / _RECORD) as temporary:
        temporary.write_text(record.model_dump_json(indent=1), encoding="utf-8")
    return record


def _clean(folder: Path) -> None:
    """What is no longer needed once the data set is whole."""
    Files.of(folder / _DOWNLOAD).remove()
    if (folder / STAGE).is_dir():
        shutil.rmtree(folder / STAGE)
