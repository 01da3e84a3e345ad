"""The ways in which a request can be wrong, each with a message that says what would have been right."""

from __future__ import annotations

import difflib
from typing import Iterable, Union


class HotError(Exception):
    """Base of every error that is the request's, the file's or the machine's fault, not a bug of ours."""


class UnknownNameError(HotError):
    """A name that is in no catalogue; the message lists the catalogue and the nearest name."""

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        known = sorted(known)
        nearest = difflib.get_close_matches(name.lower(), [k.lower() for k in known], n=1, cutoff=0.5)
        guess = next((k for k in known if nearest and k.lower() == nearest[0]), "")
        text = f"unknown {kind} '{name}'"
        text += f"; did you mean '{guess}'?" if guess else ""
        text += f" Known: {', '.join(known)}." if known else " None exist."
        super().__init__(f"{text} {hint}".rstrip())


class BadFileError(HotError):
    """A file that is missing, damaged, foreign or cannot be written; the message names it and says what is wrong."""

    def __init__(self, path: Union[str, object], problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path, self.problem = path, problem


class ConfigError(HotError):
    """A preset value that does not exist or does not fit; the message gives its dotted path."""


class PhysicsError(HotError):
    """A simulation that cannot be built or that left the range of finite, plausible numbers."""


class MissingDependencyError(HotError):
    """An optional package or system library that the request needs; the message says how to install it."""


class DownloadError(HotError):
    """A source that cannot be reached, refuses, or does not fit on the disk; the message says what has been kept."""
