"""One file from a link, which goes on wherever it was interrupted."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import BinaryIO, NamedTuple, Optional

import requests
import urllib3
from pydantic import ValidationError

from hot import __version__
from hot.config import Config
from hot.datasets.config import MIB, FetchConfig
from hot.datasets.hashing import BackgroundSha256, blocks_of, sha256_of
from hot.datasets.links import TransientError, opened
from hot.datasets.meter import Meter
from hot.datasets.space import out_of_space, require_space
from hot.errors import DownloadError
from hot.progress import Progress
from hot.writing import write_atomically

_BLOCK = MIB // 4  # most bytes at a time; larger ones spend more time on fresh memory than they save
_LOOK_EVERY = 64 * MIB  # bytes between looks at the free space
_UNPACKED = 2  # times a download's size, which it and what is unpacked from it take at least


class Arrival(Config):
    """What is known of a download, beside the bytes that have come."""

    source: str
    size: Optional[int] = None
    """[bytes]; None: the server does not say."""
    validator: Optional[str] = None
    """The server's mark of this version of the file: its ETag, else when it was modified."""
    sha256: Optional[str] = None
    """None: not all has come."""


class Files(NamedTuple):
    """Where a download is kept."""

    whole: Path
    part: Path
    note: Path

    @classmethod
    def of(cls, path: Path) -> Files:
        """Those of the download that becomes ``path``."""
        return cls(path, path.with_name(f"{path.name}.part"), path.with_name(f"{path.name}.json"))

    def arrival(self) -> Optional[Arrival]:
        """What is known of the download; None if nothing readable is."""
        try:
            return Arrival.model_validate_json(self.note.read_text(encoding="utf-8"))
        except (OSError, ValidationError, UnicodeDecodeError):
            return None

    def write(self, arrival: Arrival) -> None:
        """Note what is known."""
        with write_atomically(self.note) as temporary:
            temporary.write_text(arrival.model_dump_json(indent=2), encoding="utf-8")

    def remove(self) -> None:
        """Delete all of it."""
        for path in self:
            if path.exists():
                path.unlink()


def download(link: str, path: Path, config: FetchConfig, progress: Progress) -> Arrival:
    """Bring a link's bytes to ``path``; what an earlier call left is checked and gone on with.

    Bytes come into ``<path>.part``; ``<path>.json`` says what they are part of, and, once they are whole, their
    SHA-256.

    Raises:
        DownloadError: the source refuses or stays away, or the disk is full; what has come is kept.
    """
    files = Files.of(path)
    known = files.arrival()
    if known is not None and known.source == link and known.sha256 is not None:
        arrived = path if path.exists() else files.part
        if arrived.exists() and sha256_of(arrived, "checking what is here", progress) == known.sha256:
            os.replace(arrived, path)
            return known
    return _Transfer(link, files, config, progress).run()


class _Transfer:
    """A download that is under way."""

    def __init__(self, link: str, files: Files, config: FetchConfig, progress: Progress) -> None:
        self._link, self._files, self._config, self._progress = link, files, config, progress
        known = files.arrival()
        self._known = known if known is not None and known.source == link and known.sha256 is None else None
        self._digest = BackgroundSha256()
        self._offset = 0
        self._session = requests.Session()
        self._session.headers.update({"User-Agent": f"Mozilla/5.0 (hot {__version__})", "Accept-Encoding": "identity"})

    def run(self) -> Arrival:
        """Try until all has come."""
        path = self._files.part
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with self._session, path.open("r+b" if self._known and path.exists() else "w+b") as part:
                self._take_up(part)
                self._persist(part)
            return self._finished()
        except OSError as error:
            raise out_of_space(path, error) from error
        finally:
            self._digest.close()

    def _take_up(self, part: BinaryIO) -> None:
        """Digest the bytes of an earlier call."""
        size = os.fstat(part.fileno()).st_size
        if not size:
            return
        meter = Meter(self._progress, "checking what is here", 0, size)
        for block in blocks_of(part):
            self._accept(block)
            meter.add(len(block))
        meter.end()

    def _accept(self, block: bytes) -> None:
        self._digest.update(block)
        self._offset += len(block)

    def _persist(self, part: BinaryIO) -> None:
        size = self._known.size if self._known else None
        if size is not None and self._offset > size:
            self._restart(part)
        failures, farthest = 0, self._offset
        while self._known is None or self._offset != self._known.size:
            try:
                return self._receive(part)
            except TransientError as error:
                failures = 0 if self._offset > farthest else failures + 1
                farthest = max(farthest, self._offset)
                if failures >= self._config.attempts:
                    raise DownloadError(
                        f"{self._link}: {error}, {failures} times in a row. {self._offset / MIB:,.0f} MiB have come "
                        "and are kept; the same command goes on"
                    ) from error
                time.sleep(self._config.wait_s * 2**failures)

    def _receive(self, part: BinaryIO) -> None:
        """Take what one answer brings."""
        with opened(self._session, self._link, self._range(), self._config.timeout_s) as response:
            self._agree(part, response)
            assert self._known is not None
            meter = Meter(self._progress, "downloading", self._offset, self._known.size)
            looked = self._offset
            try:
                for block in iter(lambda: response.raw.read1(_BLOCK, decode_content=False), b""):
                    part.write(block)
                    self._accept(block)
                    meter.add(len(block))
                    if self._offset - looked >= _LOOK_EVERY:
                        looked = self._offset
                        self._look_at_space()
            except urllib3.exceptions.HTTPError as error:
                raise TransientError("broke off") from error
            finally:
                part.flush()
        size = self._known.size
        if size is not None and self._offset < size:
            raise TransientError("broke off")
        if size is not None and self._offset > size:
            self._restart(part)
            raise TransientError(f"sent more than the {size} bytes that it had announced")
        meter.end()

    def _range(self) -> dict:
        if not self._offset:
            return {}
        validator = self._known.validator if self._known else None
        usable = validator is not None and not validator.startswith("W/")  # weak ones are for pages, not for bytes
        return {"Range": f"bytes={self._offset}-", **({"If-Range": validator} if usable else {})}

    def _agree(self, part: BinaryIO, response: requests.Response) -> None:
        """Whether the answer goes on where we are, or begins anew; what it says of the file is noted."""
        offered = _offered(self._link, response)
        match = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
        start = int(match[1]) if response.status_code == 206 and match else 0
        if self._offset and (start != self._offset or not _may_be_same(offered, self._known)):
            self._restart(part)
            if start:  # of another version of the file: ask again, for all of it
                raise TransientError("now has another version of the file")
        if response.status_code == 416:
            raise TransientError("does not have as many bytes as have come")
        if not self._offset:
            self._files.write(offered)
            self._known = offered
        self._look_at_space()

    def _restart(self, part: BinaryIO) -> None:
        part.seek(0)
        part.truncate()
        self._digest.close()
        self._digest, self._offset = BackgroundSha256(), 0

    def _look_at_space(self) -> None:
        if self._known is not None and self._known.size is not None:
            needed = _UNPACKED * self._known.size - self._offset
        else:
            needed = _LOOK_EVERY
        require_space(
            self._files.part.parent, needed, "the rest of the download, with what it unpacks to,", self._config
        )

    def _finished(self) -> Arrival:
        assert self._known is not None
        arrival = self._known.model_copy(update={"size": self._offset, "sha256": self._digest.hexdigest()})
        self._files.write(arrival)
        os.replace(self._files.part, self._files.whole)
        return arrival


def _may_be_same(one: Arrival, other: Optional[Arrival]) -> bool:
    """Whether nothing that is known of both says that they are different files."""
    if other is None:
        return False
    pairs = (one.size, other.size), (one.validator, other.validator)
    return all(a is None or b is None or a == b for a, b in pairs)


def _offered(link: str, response: requests.Response) -> Arrival:
    """The file that an answer is of."""
    match = re.fullmatch(r"bytes \d+-\d+/(\d+)", response.headers.get("Content-Range", ""))
    length = response.headers.get("Content-Length", "")
    if match:
        size: Optional[int] = int(match[1])
    else:
        size = int(length) if length.isdigit() and response.status_code == 200 else None
    validator = response.headers.get("ETag") or response.headers.get("Last-Modified")
    return Arrival(source=link, size=size, validator=validator)
