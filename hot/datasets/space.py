"""Whether what is to be written fits on the disk."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from hot.datasets.config import MIB, FetchConfig
from hot.errors import DownloadError


def require_space(folder: Path, needed: int, what: str, config: FetchConfig) -> None:
    """Insist that a disk takes so many more bytes.

    Raises:
        DownloadError: it does not; the message says how much is missing.
    """
    free = shutil.disk_usage(folder).free
    if free < needed + config.reserve:
        raise DownloadError(
            f"{folder}: {what} needs {_mib(needed)} and {_mib(config.reserve)} to spare, but {_mib(free)} are free. "
            "Free some, or choose another place with --out. What is here already is kept"
        )


def out_of_space(folder: Path, error: OSError) -> DownloadError:
    """The same for a write that failed."""
    reason = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else error.strerror or str(error)
    return DownloadError(
        f"{folder}: cannot be written: {reason}. Free space or choose another place with --out; what is here already "
        "is kept, and the same command goes on"
    )


def _mib(size: int) -> str:
    return f"{size / MIB:,.0f} MiB"
