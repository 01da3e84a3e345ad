"""SHA-256 of files and of streams."""

from __future__ import annotations

import hashlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO, Deque, Iterator, List

from hot.datasets.config import MIB
from hot.datasets.meter import Meter
from hot.progress import Progress, silent

_UNIT = MIB  # bytes that are handed over at once
_AHEAD = 4  # units that may wait to be digested


class BackgroundSha256:
    """Digests blocks in order beside the thread that receives them; hashlib releases the interpreter meanwhile."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._worker = ThreadPoolExecutor(1)
        self._waiting: Deque[Future] = deque()
        self._held: List[bytes] = []
        self._size = 0

    def update(self, block: bytes) -> None:
        """Take one more block."""
        self._held.append(block)
        self._size += len(block)
        if self._size >= _UNIT:
            self._hand_over()

    def hexdigest(self) -> str:
        """Of all blocks so far."""
        self._hand_over()
        while self._waiting:
            self._waiting.popleft().result()
        return self._digest.hexdigest()

    def close(self) -> None:
        """End the worker."""
        self._worker.shutdown()

    def _hand_over(self) -> None:
        self._waiting.append(self._worker.submit(self._take, self._held))
        self._held, self._size = [], 0
        if len(self._waiting) > _AHEAD:
            self._waiting.popleft().result()

    def _take(self, blocks: List[bytes]) -> None:
        for block in blocks:
            self._digest.update(block)


def blocks_of(file: IO[bytes], size: int = MIB) -> Iterator[bytes]:
    """What is left in an open file, block by block."""
    while True:
        block = file.read(size)
        if not block:
            return
        yield block


def sha256_of(path: Path, what: str = "", progress: Progress = silent) -> str:
    """Of a whole file. Raises OSError."""
    digest = hashlib.sha256()
    meter = Meter(progress, what, 0, path.stat().st_size)
    with path.open("rb") as file:
        for block in blocks_of(file):
            digest.update(block)
            meter.add(len(block))
    meter.end()
    return digest.hexdigest()
