"""``hot migrate``: upstream's command lines as ours."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List

import typer
from typing_extensions import Annotated

from hotcli import console, options

if TYPE_CHECKING:
    from hot.migration import Translation


def migrate(
    command: Annotated[
        List[str],
        typer.Argument(
            metavar="COMMAND|FILE|-",
            help="A command line in quotes, or unquoted after --; a file of them; - reads standard input.",
        ),
    ],
    as_json: options.JsonOption = False,
) -> None:
    """Translate command lines of the original release to ours, and say what differs; exit code 1 if one cannot be."""
    from hot.migration import translate

    translations = translate(_text(command))
    if as_json:
        console.show_json([_as_data(each) for each in translations])
    else:
        for index, each in enumerate(translations):
            if index:
                console.show("")
            _show(each)
    if any(each.gaps for each in translations):
        raise typer.Exit(1)


def _text(words: List[str]) -> str:
    """The shell text that is meant.

    Raises:
        BadFileError: a file cannot be read.
    """
    from hot.errors import BadFileError
    from hot.migration.facts import SCRIPTS

    if len(words) > 1:
        return shlex.join(words)
    if words == ["-"]:
        return sys.stdin.read()
    path = Path(words[0])
    if path.name in SCRIPTS or not words[0] or not _exists(path):
        return words[0]
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadFileError(path, f"cannot be read as a file of commands ({error})") from error


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # too long for a path
        return False


def _as_data(translation: Translation) -> Dict[str, Any]:
    return {
        "source": translation.source,
        "commands": list(translation.commands),
        "notes": list(translation.notes),
        "no_counterpart": [gap._asdict() for gap in translation.gaps],
    }


def _show(translation: Translation) -> None:
    """Commands that can be pasted into a shell; of one with gaps, only what those are."""
    if translation.gaps:
        listed = "; ".join(f"{gap.flag}: {gap.why}" for gap in translation.gaps)
        console.error(f"'{_short(translation.source)}' cannot be translated whole: {listed}")
        for each in translation.commands:
            console.note(f"Without these: {each}")
        return
    for note in translation.notes:
        console.show(f"# {note}")
    for each in translation.commands:
        console.show(each)


def _short(source: str, most: int = 60) -> str:
    return source if len(source) <= most else f"{source[:most]}..."
