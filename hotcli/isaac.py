"""Isaac Gym and the command line: importing it in time, and saying what is missing."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Sequence

from hot.errors import MissingDependencyError

ENGINE = "isaacgym"
MODULE = "isaacgym.gymapi"
_COMPILER = "pip install ninja, and a C++ compiler (apt-get install g++): it compiles its bridge to PyTorch"
_ADVICE = (
    ("libpython", "export LD_LIBRARY_PATH=$CONDA_PREFIX/lib, or the folder of your Python's libpython3.8.so.1.0"),
    ("before isaacgym", "import isaacgym before torch; the hot command does where --engine isaacgym is given"),
    ("gym_3", "Isaac Gym Preview 4 holds libraries for Python 3.6 to 3.8 only: make an environment of Python 3.8"),
    ("ninja", _COMPILER),
    ("gymtorch", _COMPILER),
)
"""What to do about messages that hold these words; the first one counts."""
_INSTALL = "unpack NVIDIA's IsaacGym_Preview_4_Package.tar.gz, then: pip install -e isaacgym/python (docs/isaacgym.md)"
_PYTHON = (3, 8)


def installed() -> bool:
    """Whether there is an Isaac Gym; its type stubs alone are none."""
    return importlib.util.find_spec(ENGINE) is not None


def import_before_torch(arguments: Sequence[str]) -> None:
    """Import Isaac Gym where the arguments name it as an engine: after torch it refuses to be imported.

    Raises:
        MissingDependencyError: it is installed, but cannot be imported.
    """
    named = any(ENGINE in argument.replace("=", ",").split(",") for argument in arguments)
    if not named or not installed() or MODULE in sys.modules:
        return
    try:
        importlib.import_module(MODULE)
    except Exception as error:  # its loader raises whatever is missing
        raise MissingDependencyError(f"Isaac Gym cannot be imported: {error}. Try: {advice(str(error))}") from error


def advice(problem: str) -> str:
    """What to do about a message of Isaac Gym's import; empty text stands for a package that is not there."""
    if sys.version_info[:2] != _PYTHON:
        return f"Python 3.8, where it runs (here is {sys.version_info[0]}.{sys.version_info[1]}); then {_INSTALL}"
    return next((fix for sign, fix in _ADVICE if sign in problem), _INSTALL)
