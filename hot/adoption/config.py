"""What a user may say about a hand whose file leaves it open."""

from __future__ import annotations

import math
import re
from typing import Dict, Optional, Tuple

from pydantic import Field, field_validator

from hot.config import Config

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


class AdoptionConfig(Config):
    """Choices for one hand; what is not given is derived from the model."""

    name: str
    """Of the hand, in lower case."""
    wrist: Optional[str] = None
    """Body that becomes the wrist; else the last one from which all fingers descend."""
    thumb: Optional[str] = None
    """A body of the thumb; else told by its name, or as the finger that differs from the others."""
    palm: Optional[Tuple[float, float, float, float, float, float, float]] = None
    """Position [m] and quaternion (w x y z) of the palm's surface in the wrist body's frame: +z out of the palm, +x
    along the straight fingers; else derived from how the fingers close."""
    opened: Dict[str, float] = Field(default_factory=dict)
    """Angles of joints of the open hand [rad]; else 0, or the end of the range next to it."""
    ranges: Dict[str, Tuple[float, float]] = Field(default_factory=dict)
    """Ranges of joints [rad] instead of the model's."""
    fixed: Tuple[str, ...] = ()
    """Joints that are held at 0 and disappear."""
    origin: str = ""
    """Where the model comes from and its licence, for the file's first lines."""

    @field_validator("name")
    @classmethod
    def _is_plain(cls, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise ValueError("a hand's name is of a-z, 0-9, _ and -, and begins with a letter or a digit")
        return name

    @field_validator("palm")
    @classmethod
    def _has_direction(cls, palm: Optional[Tuple[float, ...]]) -> Optional[Tuple[float, ...]]:
        if palm is not None and abs(math.hypot(*palm[3:]) - 1.0) > 0.01:
            raise ValueError("the last four numbers of a palm are a unit quaternion, w x y z")
        return palm
