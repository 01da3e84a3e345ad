"""Where files lie: inside the package, or below the data folder."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGED = Path(__file__).resolve().parent / "files"


def packaged(*parts: str) -> Path:
    """Path of a file that ships with the package; it need not exist."""
    return _PACKAGED.joinpath(*parts)


def data_root() -> Path:
    """The data folder: ``$HOT_DATA`` if set, else ``data`` below the working folder."""
    return Path(os.environ.get("HOT_DATA") or "data")
