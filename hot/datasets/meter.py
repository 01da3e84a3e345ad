"""Bytes as a progress that can be drawn: mebibytes, a rate, and not too often."""

from __future__ import annotations

import time
from typing import Optional

from hot.datasets.config import MIB
from hot.progress import Progress

_EVERY = 0.2  # seconds between two reports


class Meter:
    """Tells a listener how many bytes of how many are done."""

    def __init__(self, progress: Progress, what: str, done: int, total: Optional[int]) -> None:
        self._progress, self._what = progress, f"{what} [MiB]"
        self._done, self._total, self._first = done, total, done
        self._began = self._told = time.monotonic()
        self._tell()

    def add(self, size: int) -> None:
        """So many more bytes are done."""
        self._done += size
        if time.monotonic() - self._told >= _EVERY:
            self._tell()

    def end(self) -> None:
        """All is done."""
        self._total = self._done
        self._tell()

    def _tell(self) -> None:
        self._told = time.monotonic()
        elapsed = self._told - self._began
        rate = (self._done - self._first) / MIB / elapsed if elapsed > 0 else 0.0
        done = self._done // MIB
        # Of a size that no server tells there is always more to come.
        total = done + 1 if self._total is None else max(self._total // MIB, done)
        self._progress(self._what, done, total, {"MiB/s": rate} if rate else {})
