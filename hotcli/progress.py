"""Draws a stage's progress: a bar with rate and time left on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import Any, Dict, Iterator, Mapping, Tuple

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from hotcli.console import console

_LINE_EVERY = 10.0  # seconds between the lines of one stage where there is no terminal
_WHOLE = 1000  # parts of a thing whose progress is told in shares


@contextlib.contextmanager
def drawn() -> Iterator:
    """Yield a listener for :data:`hot.progress.Progress` that draws until the block ends."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[figures]}", style="dim"),
    )
    with Progress(*columns, console=console(sys.stderr)) as progress:
        yield Bars(progress)


class Bars:
    """One bar for each thing that is being done. What is done anew, for the next object, begins its bar anew."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: Dict[str, TaskID] = {}
        self._done: Dict[str, int] = {}

    def __call__(self, what: str, done: int, total: int, figures: Mapping[str, float]) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, total=total, figures="")
        elif done < self._done[what]:
            self._progress.reset(self._tasks[what])
        self._done[what] = done
        self._progress.update(self._tasks[what], completed=done, total=total, figures=figure_text(figures))


class Lines:
    """A line when something begins, every few seconds, and when it is done; the same when it is done anew."""

    def __init__(self) -> None:
        self._began: Dict[str, Tuple[float, int]] = {}
        self._spoke: Dict[str, float] = {}
        self._done: Dict[str, int] = {}

    def __call__(self, what: str, done: int, total: int, figures: Mapping[str, float]) -> None:
        now = time.monotonic()
        if done < self._done.get(what, 0):
            del self._began[what], self._spoke[what]
        self._done[what] = done
        began, first = self._began.setdefault(what, (now, done))
        if done < total and now - self._spoke.get(what, float("-inf")) < _LINE_EVERY:
            return
        self._spoke[what] = now
        eta = f", {(now - began) / (done - first) * (total - done):.0f} s left" if first < done < total else ""
        text = f"{what}: {done}/{total}{eta}  {figure_text(figures)}".rstrip()
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


def within(listener: Any, what: str, low: float, high: float) -> Any:
    """A listener that tells all it hears as one thing's progress from ``low`` to ``high``, shares of the whole."""

    def report(_: str, done: int, total: int, figures: Mapping[str, float]) -> None:
        listener(what, round(_WHOLE * (low + (high - low) * done / max(total, 1))), _WHOLE, figures)

    return report


def figure_text(figures: Mapping[str, float]) -> str:
    """Figures as ``name value`` pairs, with three digits or as whole numbers."""
    shown = [(name, "{:,.0f}" if abs(value) >= 1000 else "{:.3g}", value) for name, value in figures.items()]
    return "  ".join(f"{name} {form.format(value)}" for name, form, value in shown)
