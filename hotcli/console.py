"""All that is ever printed: results on standard output, remarks on standard error, plain where there is no terminal."""

from __future__ import annotations

import json
import sys
from typing import Any, List, Sequence, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

_PLAIN_WIDTH = 200  # of lines in files and pipes, so that tables there are not cut to a terminal's width


def console(stream: TextIO) -> Console:
    """A writer to ``stream``; made anew each time, because tests and pipes replace the streams."""
    return Console(file=stream, width=None if stream.isatty() else _PLAIN_WIDTH, highlight=False)


def show(text: str) -> None:
    """A result."""
    console(sys.stdout).print(Text(text), soft_wrap=True)


def show_json(data: Any) -> None:
    """A result for programs."""
    sys.stdout.write(json.dumps(data, indent=2) + "\n")


def show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], words: int) -> None:
    """A result in columns: the first ``words`` of them are text, the others are numbers, set to the right."""
    table = Table(title=Text(title), title_justify="left", title_style="bold")
    for index, column in enumerate(columns):
        table.add_column(Text(column), justify="left" if index < words else "right")
    for row in rows:
        table.add_row(*map(Text, row))
    console(sys.stdout).print(table)


def note(text: str) -> None:
    """A remark: what was chosen, where something was written."""
    console(sys.stderr).print(Text(text, style="dim"), soft_wrap=True)


def error(text: str) -> None:
    """Why the command failed, on one line."""
    line = " ".join(text.split())
    console(sys.stderr).print(Text.assemble(("error: ", "bold red"), line), soft_wrap=True)


def names(values: Sequence[str]) -> str:
    """Names as text."""
    listed: List[str] = list(values)
    return ", ".join(listed) if listed else "none"
