"""How a long stage tells its caller where it is; the command line draws it, the library never prints."""

from __future__ import annotations

from typing import Callable, Mapping

Progress = Callable[[str, int, int, Mapping[str, float]], None]
"""Called as ``progress(what, done, total, figures)``, e.g. ``("closing hands", 40, 290, {"alive": 812})``."""


def silent(what: str, done: int, total: int, figures: Mapping[str, float]) -> None:
    """A progress listener that ignores everything."""
