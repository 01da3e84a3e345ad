"""How patiently a data set is fetched, and how large what is fetched may be."""

from __future__ import annotations

from pydantic import Field

from hot.config import Config

MIB = 2**20
GIB = 2**30


class FetchConfig(Config):
    """Limits are far above anything that belongs to the data set, and far below what would harm a machine."""

    attempts: int = Field(default=6, ge=1)
    """Failures in a row, without a new byte in between, after which a download ends."""
    wait_s: float = Field(default=1.0, ge=0)
    """Before trying again; doubled with each failure in a row [s]."""
    timeout_s: float = Field(default=30.0, gt=0)
    """For which a server may stay silent [s]."""
    reserve: int = Field(default=256 * MIB, ge=0)
    """Room to leave on the disk [bytes]."""
    max_files: int = Field(default=500_000, ge=1)
    max_file: int = Field(default=256 * MIB, ge=1)
    """Of one unpacked file [bytes]; a clip of a minute takes 3 MiB."""
    max_total: int = Field(default=500 * GIB, ge=1)
    """Of all unpacked files together [bytes]."""
    max_ratio: float = Field(default=100.0, ge=1)
    """Of all unpacked files' size to the archive's."""
