"""Which policy something was made with: where its file was, and a hash of it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from hot.errors import BadFileError


class PolicyFile(BaseModel):
    """A policy's file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    sha256: str
    """Of the whole file."""


def policy_file(path: Path) -> PolicyFile:
    """The path and the hash of a policy's file.

    Raises:
        BadFileError: it cannot be read.
    """
    try:
        return PolicyFile(path=str(path), sha256=hashlib.sha256(Path(path).read_bytes()).hexdigest())
    except OSError as error:
        raise BadFileError(path, f"cannot be read: {error.strerror}") from error
