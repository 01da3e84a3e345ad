"""From shell text of upstream's to commands of ours, program by program."""

from __future__ import annotations

import difflib
import re
from pathlib import PurePosixPath
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from hot.errors import ConfigError
from hot.migration.draft import Translation
from hot.migration.facts import SCRIPTS
from hot.migration.shell import ShellCommand, read_commands
from hot.migration.tools import (
    IDLE_PROGRAMS,
    idle,
    translate_download,
    translate_pip,
    translate_planner,
    translate_search,
    translate_unpacking,
    translate_validation,
    unknown,
)
from hot.migration.tracker import translate_tracker

_Translator = Callable[[ShellCommand, Sequence[str]], Translation]
_TOOLS: Dict[str, _Translator] = {
    "hop_data_generator.py": translate_planner,
    "main.py": translate_search,
    "validate_grasps.py": translate_validation,
    "tar": translate_unpacking,
    "gdown": translate_download,
    "pip": translate_pip,
    "pip3": translate_pip,
}
_TRACKER = "run.py"
_PROGRAMS = (_TRACKER, *_TOOLS, *IDLE_PROGRAMS, *SCRIPTS)
_PYTHON = re.compile(r"python[\d.]*")
_SHELLS = ("bash", "sh", "zsh", "source", ".")
_LAUNCHERS = ("torch.distributed.launch", "torch.distributed.run", "torchrun")
_PROCESSES = re.compile(r"--?nproc[_-]per[_-]node")
_VALUELESS = re.compile(r"--?(standalone|use[_-]env|no[_-]python|module)")


def translate(text: str) -> List[Translation]:
    """What each command of a shell text is here; a script is what its lines are.

    Raises:
        ConfigError: the text holds no command, or a quote is not closed.
    """
    commands = read_commands(text)
    if not commands:
        raise ConfigError("no command to translate; give one, such as 'python hot/run.py --task ...'")
    return [each for command in commands for each in _translate(command)]


def _translate(command: ShellCommand) -> List[Translation]:
    program, words, gpus = _program(command.words)
    if not program:
        names = ", ".join(command.environment)
        return [unknown(command, names, "only sets variables; write their values into the commands that use them")]
    if program in SCRIPTS:
        return [_of_script(command, program)]
    if program == _TRACKER:
        return [translate_tracker(command, words, gpus)]
    if program in _TOOLS:
        return [_TOOLS[program](command, words)]
    if program in IDLE_PROGRAMS:
        return [idle(command, program)]
    nearest = difflib.get_close_matches(program, _PROGRAMS, n=1, cutoff=0.6)
    guess = f"; did you mean {nearest[0]}?" if nearest else ""
    return [unknown(command, program, f"is no program or script of upstream's{guess}")]


def _of_script(command: ShellCommand, program: str) -> Translation:
    """All that a script runs, as one translation."""
    script = SCRIPTS[program]
    parts = [each for line in script.lines for each in translate(line)]
    notes = [script.note, *(note for part in parts for note in part.notes)]
    return Translation(
        command.source,
        tuple(dict.fromkeys(each for part in parts for each in part.commands)),
        tuple(dict.fromkeys(notes)),
        tuple(dict.fromkeys(gap for part in parts for gap in part.gaps)),
    )


def _program(words: Sequence[str]) -> Tuple[str, Sequence[str], Optional[str]]:
    """A program's file name, its words, and the number of processes that a launcher starts."""
    rest, gpus = list(words), None
    while rest:
        name = PurePosixPath(rest.pop(0)).name
        if _PYTHON.fullmatch(name):
            name = _interpreted(rest)
        elif name in _SHELLS and rest:
            continue
        if name not in _LAUNCHERS:
            return name, rest, gpus
        gpus = _launched(rest)
    return "", (), gpus


def _interpreted(rest: List[str]) -> str:
    """Take what Python runs off a line, with the options before it; a module of upstream's as its file."""
    while rest and rest[0].startswith("-"):
        if rest.pop(0) == "-m" and rest:
            module = rest.pop(0)
            return module if module in _LAUNCHERS else f"{module.rpartition('.')[2]}.py"
    return PurePosixPath(rest.pop(0)).name if rest else "python"


def _launched(rest: List[str]) -> str:
    """Take a launcher's options off a line; the number of processes."""
    count = "1"
    while rest and rest[0].startswith("-"):
        option, equals, value = rest.pop(0).partition("=")
        if not equals and not _VALUELESS.fullmatch(option) and rest:
            value = rest.pop(0)
        if _PROCESSES.fullmatch(option):
            count = value
    return count
