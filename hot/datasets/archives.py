"""What is in a zip file, a tar file or a folder, with nothing in it that could do harm when unpacked."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tarfile
import zipfile
from functools import partial
from pathlib import Path
from typing import IO, BinaryIO, Callable, Iterator, List, NamedTuple, Optional, Set, Tuple

from typing_extensions import Protocol

from hot.datasets.config import MIB, FetchConfig
from hot.datasets.hashing import blocks_of
from hot.datasets.meter import Meter
from hot.errors import BadFileError, HotError
from hot.progress import Progress


class Member(NamedTuple):
    """One file."""

    name: str
    """Its path, relative, with / between the folders."""
    size: int
    """[bytes]"""
    crc: Optional[int]
    """CRC-32 of its content; None: the archive does not say."""


class Pack(Protocol):
    """Files that can be unpacked."""

    def members(self, progress: Progress) -> List[Member]:
        """All files, after each was found to be harmless.

        Raises:
            BadFileError: one is not, the message names it; or the archive is damaged.
        """
        ...

    def contents(self) -> Iterator[Tuple[Member, Iterator[bytes]]]:
        """All files again, each with its content, which need not be read, in an order in which that is fast.

        Raises:
            BadFileError: the archive is damaged; also while a content is read.
        """
        ...


@contextlib.contextmanager
def open_pack(path: Path, config: FetchConfig) -> Iterator[Pack]:
    """Look into an archive or a folder.

    Raises:
        BadFileError: it is neither, or damaged.
    """
    with contextlib.ExitStack() as stack:
        with _reading(path):
            pack = _pack(path, config, stack)
        yield pack


def _pack(path: Path, config: FetchConfig, stack: contextlib.ExitStack) -> Pack:
    if path.is_dir():
        return _Folder(path, config)
    if tarfile.is_tarfile(path):  # asked first: a tar file that ends with a clip, which is a zip file, looks like one
        raw = stack.enter_context(path.open("rb"))
        return _Tar(path, raw, stack.enter_context(tarfile.open(fileobj=raw)), config)
    if zipfile.is_zipfile(path):
        return _Zip(path, stack.enter_context(zipfile.ZipFile(path)), config)
    raise BadFileError(path, "is neither a zip nor a tar file. Unpack it, and give the folder with --from DIR")


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Errors of the formats become ours."""
    try:
        yield
    except HotError:
        raise
    except Exception as error:  # a damaged archive can raise any exception at all
        raise BadFileError(path, f"is damaged, or packed in a way that is not known ({error})") from error


def _blocks(path: Path, open_member: Callable[[], Optional[IO[bytes]]]) -> Iterator[bytes]:
    with _reading(path):
        file = open_member()
        assert file is not None
        with file:
            yield from blocks_of(file)


class _Admission:
    """Lets members in one by one; refuses names that lead elsewhere, doubled ones, and absurd sizes."""

    def __init__(self, path: Path, config: FetchConfig, packed: Optional[int]) -> None:
        """``packed`` is the archive's own size [bytes]; None if there is no archive."""
        self._path, self._config, self._packed = path, config, packed
        self._names: Set[str] = set()
        self._total = 0

    def admit(self, name: str, size: int, crc: Optional[int] = None) -> Member:
        name = self._harmless(name)
        if name in self._names:
            raise self.refusal(name, "is in it twice")
        self._names.add(name)
        self._total += size
        limits = self._config
        if len(self._names) > limits.max_files:
            raise BadFileError(self._path, f"holds more than {limits.max_files:,} files")
        if size > limits.max_file:
            raise self.refusal(name, f"would be {size / MIB:,.0f} MiB; {limits.max_file / MIB:,.0f} are the most")
        most = limits.max_total if self._packed is None else self._packed * limits.max_ratio
        if self._total > min(most, limits.max_total):
            raise BadFileError(
                self._path, f"would unpack to more than {min(most, limits.max_total) / MIB:,.0f} MiB, which is absurd"
            )
        return Member(name, size, crc)

    def refusal(self, name: str, problem: str) -> BadFileError:
        return BadFileError(self._path, f"{name!r} {problem}. Nothing was unpacked")

    def _harmless(self, raw: str) -> str:
        name = raw.replace("\\", "/")
        parts = name.split("/")
        if name.startswith("/") or re.match(r"[A-Za-z]:", name) or ".." in parts or "\0" in name:
            raise self.refusal(raw, "would be written outside the folder")
        return "/".join(part for part in parts if part not in ("", "."))


class _Zip:
    def __init__(self, path: Path, archive: zipfile.ZipFile, config: FetchConfig) -> None:
        self._path, self._archive, self._config = path, archive, config

    def members(self, progress: Progress) -> List[Member]:
        admission = _Admission(self._path, self._config, self._path.stat().st_size)
        return [member for member, _ in self._admitted(admission)]

    def contents(self) -> Iterator[Tuple[Member, Iterator[bytes]]]:
        for member, info in self._admitted(_Admission(self._path, self._config, self._path.stat().st_size)):
            yield member, _blocks(self._path, partial(self._archive.open, info))

    def _admitted(self, admission: _Admission) -> Iterator[Tuple[Member, zipfile.ZipInfo]]:
        for info in self._archive.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)  # 0 where the archive was made on Windows
            if kind == stat.S_IFLNK:
                raise admission.refusal(info.filename, "is a link")
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise admission.refusal(info.filename, "is a device or the like")
            if info.flag_bits & 1:
                raise admission.refusal(info.filename, "is encrypted")
            if not info.filename.endswith(("/", "\\")):
                yield admission.admit(info.filename, info.file_size, info.CRC), info


class _Tar:
    def __init__(self, path: Path, raw: BinaryIO, archive: tarfile.TarFile, config: FetchConfig) -> None:
        self._path, self._raw, self._archive, self._config = path, raw, archive, config

    def members(self, progress: Progress) -> List[Member]:
        packed = self._path.stat().st_size
        meter, at = Meter(progress, "reading the archive's list", 0, packed), 0
        members = []
        for member, _ in self._admitted():
            members.append(member)
            meter.add(self._raw.tell() - at)
            at = self._raw.tell()
        meter.end()
        return members

    def contents(self) -> Iterator[Tuple[Member, Iterator[bytes]]]:
        for member, info in self._admitted():
            yield member, _blocks(self._path, partial(self._archive.extractfile, info))

    def _admitted(self) -> Iterator[Tuple[Member, tarfile.TarInfo]]:
        admission = _Admission(self._path, self._config, self._path.stat().st_size)
        for info in self._listed():
            if info.issym() or info.islnk():
                raise admission.refusal(info.name, "is a link")
            if info.issparse() or not (info.isreg() or info.isdir()):
                raise admission.refusal(info.name, "is a device or the like")
            if info.isreg():
                yield admission.admit(info.name, info.size), info

    def _listed(self) -> Iterator[tarfile.TarInfo]:
        with _reading(self._path):
            yield from self._archive


class _Folder:
    def __init__(self, path: Path, config: FetchConfig) -> None:
        self._path, self._config = path, config

    def members(self, progress: Progress) -> List[Member]:
        return [member for member, _ in self.contents()]

    def contents(self) -> Iterator[Tuple[Member, Iterator[bytes]]]:
        admission = _Admission(self._path, self._config, None)
        for folder, folders, names in os.walk(self._path, onerror=_refuse):
            folders.sort()
            for name in sorted(names) + [name for name in folders if (Path(folder) / name).is_symlink()]:
                file = Path(folder) / name
                relative = file.relative_to(self._path).as_posix()
                if file.is_symlink():
                    raise admission.refusal(relative, "is a link")
                if not file.is_file():
                    raise admission.refusal(relative, "is a device or the like")
                yield admission.admit(relative, file.stat().st_size), _blocks(file, partial(file.open, "rb"))


def _refuse(error: OSError) -> None:
    raise BadFileError(error.filename, f"cannot be read ({error.strerror})") from error
