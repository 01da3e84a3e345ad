"""Reading shell text: which programs are run, with which words and which environment."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Dict, Iterator, List, Tuple

from hot.errors import ConfigError

_FENCE = re.compile(r"^[ \t]*```[ \t]*(\w*)[ \t]*\n(.*?)^[ \t]*```", re.MULTILINE | re.DOTALL)
_SHELLS = ("bash", "sh", "shell", "console", "zsh")
_CONTINUED = re.compile(r"\\[ \t]*(\r?\n|\Z)[ \t]*")  # upstream's own page has a blank after a backslash
_PLACEHOLDER = re.compile(r"""['"]?\\?\[([A-Z][A-Z_ ]*)\\?\]['"]?""")
_REDIRECTION = re.compile(r"(?<!\S)(\d|&)?(>{1,2}|<)\s*(&\d|\S+)")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_SEPARATORS = ("&&", "||", ";", "&")
_WRAPPERS = ("nohup", "time", "exec", "env", "command")


@dataclass(frozen=True)
class ShellCommand:
    """One program run: ``NAME=VALUE ... words``."""

    environment: Dict[str, str]
    words: Tuple[str, ...]
    """Program first; empty where only variables are set."""
    source: str
    """The line that it stands on, with its continuations, on one line."""


def read_commands(text: str) -> List[ShellCommand]:
    """The commands of a shell text, in order.

    Lines may be continued by backslashes; comments, prompts, redirections and what comes after a pipe are left out. Of
    a page of Markdown, the shell blocks are read. ``[PLACEHOLDERS]`` are one word, blanks and all.

    Raises:
        ConfigError: a quote is not closed.
    """
    fenced = list(_FENCE.finditer(text))
    if fenced:
        text = "\n".join(block.group(2) for block in fenced if block.group(1).lower() in _SHELLS)
    lines = _CONTINUED.sub(" ", text).splitlines()
    return [command for line in lines for command in _of_line(line.strip())]


def quoted(word: str) -> str:
    """A word as a shell takes it; variables in it stay variables."""
    if "$" in word:
        return '"' + re.sub(r'(["\\`])', r"\\\1", word) + '"'
    return shlex.quote(word)


def _of_line(line: str) -> Iterator[ShellCommand]:
    line = line[2:] if line.startswith("$ ") else line
    named = _PLACEHOLDER.sub(r"'[\1]'", line)
    try:
        words = shlex.split(_REDIRECTION.sub(" ", named), comments=True)
    except ValueError as error:
        raise ConfigError(f"cannot read '{line}': {error}") from error
    for part in _parts(words):
        yield _command(part, " ".join(named.split()))


def _parts(words: List[str]) -> Iterator[List[str]]:
    """Words of each command of a line; what reads a pipe is no command of its own."""
    part: List[str] = []
    piped = False
    for word in words:
        glued = word.endswith(";") and len(word) > 1
        if word not in _SEPARATORS and word != "|" and not piped:
            part.append(word[:-1] if glued else word)
        piped = word == "|" or (piped and word not in _SEPARATORS)
        if part and (glued or word in _SEPARATORS):
            yield part
            part = []
    if part:
        yield part


def _command(words: List[str], source: str) -> ShellCommand:
    environment: Dict[str, str] = {}
    while words and (_ASSIGNMENT.fullmatch(words[0]) or words[0] in _WRAPPERS):
        name, equals, value = words[0].partition("=")
        if equals:
            environment[name] = value
        words = words[1:]
    return ShellCommand(environment, tuple(words), source)
