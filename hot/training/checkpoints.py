"""Reading checkpoints, and blaming the right file when they do not fit."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, Dict, Iterator

import torch

from hot.errors import BadFileError


def load_checkpoint(path: Path) -> Dict[str, Any]:
    """Read a checkpoint; nothing in it is executed.

    Raises:
        BadFileError: missing or damaged.
    """
    if not Path(path).is_file():
        raise BadFileError(path, "no such checkpoint")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises a dozen kinds for damaged files
        raise BadFileError(path, f"is damaged or not a checkpoint ({type(error).__name__})") from error


@contextlib.contextmanager
def fitting(path: Path) -> Iterator[None]:
    """Blame ``path`` for what cannot be loaded into the learner at hand.

    Raises:
        BadFileError: the block failed because the file is of another task or network.
    """
    try:
        yield
    except (KeyError, RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise BadFileError(path, f"does not fit this hand, network or number of environments: {reason}") from error
