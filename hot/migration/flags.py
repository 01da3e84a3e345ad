"""Tables of flags: what a program takes, and what each of them becomes in a command of ours."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from enum import Enum
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple


class Kind(Enum):
    """What follows a flag."""

    SWITCH = "nothing"
    TEXT = "a value"
    TEXTS = "values"
    WHOLE = "a whole number"
    REAL = "a number"
    MAYBE = "a value or nothing"


class Gap(NamedTuple):
    """Something that cannot be translated."""

    flag: str
    why: str


@dataclass(frozen=True)
class Rule:
    """What a flag becomes in one kind of command; without words nothing needs to be written."""

    words: str = ""
    """With ``{}`` where its value goes."""
    remark: str = ""
    """What differs, with ``{}`` likewise."""
    lacks: str = ""
    """Why there is no counterpart; empty if there is one."""
    least: float = float("-inf")
    most: float = float("inf")
    """Bounds of the value that our option takes."""


TAKEN = Rule()
"""It is so here in any case, or has no effect upstream either."""


def to(words: str, remark: str = "", least: float = float("-inf"), most: float = float("inf")) -> Rule:
    """A flag that becomes words of ours."""
    return Rule(words, remark, "", least, most)


def differs(remark: str) -> Rule:
    """A flag that nothing is written for, though it is done otherwise here."""
    return Rule(remark=remark)


def lacks(why: str) -> Rule:
    """A flag without a counterpart."""
    return Rule(lacks=why)


@dataclass(frozen=True)
class Flag:
    """A flag, with the rules for the kinds of commands in which it is not :data:`TAKEN`."""

    kind: Kind
    rules: Mapping[str, Rule] = field(default_factory=dict)
    """By the name of a kind of command, of a group of kinds, or ``any``; the most special counts."""
    neutral: Tuple[float, ...] = ()
    """Numbers that say the same as leaving the flag out."""
    absent: Mapping[str, Rule] = field(default_factory=dict)
    """Rules for commands that lack it."""


Flags = Mapping[str, Flag]
"""By name, without dashes."""


class Given:
    """The flags of one command line, with their values as they were typed."""

    def __init__(self, flags: Flags, words: Sequence[str]) -> None:
        """Reads as upstream's parser does: ``--name value``, ``--name=value``, or the beginning of a name."""
        self.gaps: List[Gap] = []
        self._values: Dict[str, List[str]] = {}
        rest = list(words)
        while rest:
            word = rest.pop(0)
            if not word.startswith("--"):
                self.gaps.append(Gap(word, "belongs to no flag"))
                continue
            typed, equals, glued = word[2:].partition("=")
            name = self._name(typed, flags)
            if name is None:
                continue
            values = [glued] if equals else _taken(flags[name].kind, rest)
            problem = _problem(flags[name].kind, values)
            if problem:
                self.gaps.append(Gap(f"--{name}", problem))
            elif not _is_neutral(flags[name], values):
                self._values[name] = values

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str, default: str = "") -> str:
        """Its value, or the first of its values; a switch has none."""
        values = self._values.get(name) or [default]
        return values[0]

    def texts(self, name: str) -> Tuple[str, ...]:
        """All of its values."""
        return tuple(self._values.get(name, ()))

    def _name(self, typed: str, flags: Flags) -> Optional[str]:
        matches = [typed] if typed in flags else [name for name in flags if name.startswith(typed)]
        if len(matches) == 1:
            return matches[0]
        nearest = difflib.get_close_matches(typed, list(flags), n=1, cutoff=0.5)
        either = " or ".join(f"--{name}" for name in matches or nearest)
        guess = f"; did you mean {either}?" if either else ""
        self.gaps.append(Gap(f"--{typed}", f"upstream knows no such flag{guess}"))
        return None


def _taken(kind: Kind, rest: List[str]) -> List[str]:
    """Take the values that follow a flag out of the rest of its line."""
    most = {Kind.SWITCH: 0, Kind.TEXTS: len(rest)}.get(kind, 1)
    values: List[str] = []
    while rest and len(values) < most and not rest[0].startswith("--"):
        values.append(rest.pop(0))
    return values


def _problem(kind: Kind, values: Sequence[str]) -> str:
    if kind is Kind.MAYBE:
        return ""
    if (kind is Kind.SWITCH) == bool(values):
        return f"takes {kind.value}"
    if kind in (Kind.WHOLE, Kind.REAL) and "$" not in values[0] and number(values[0], kind) is None:
        return f"takes {kind.value}, not '{values[0]}'"
    return ""


def number(text: str, kind: Kind = Kind.REAL) -> Optional[float]:
    """A text as a number; None if it is none."""
    try:
        return int(text) if kind is Kind.WHOLE else float(text)
    except ValueError:
        return None


def _is_neutral(flag: Flag, values: Sequence[str]) -> bool:
    return bool(flag.neutral and values) and number(values[0]) in flag.neutral
