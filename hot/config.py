"""The base of every choice a preset can make: frozen, closed, and checked when it is made."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Config(BaseModel):
    """A choice. Unknown keys are refused, values are checked, and nothing changes after construction.

    Subclasses live in their room's ``config.py``. Annotations there must be legal at run time on
    Python 3.8 (``List``, ``Optional``), because pydantic evaluates them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False)
