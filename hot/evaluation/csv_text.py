"""Rows of figures as CSV."""

from __future__ import annotations

import csv
import io
from typing import Any, Mapping, Sequence


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """A header of all keys, in the order in which they first appear; then a line a row, empty where it lacks a key."""
    fields = list(dict.fromkeys(key for row in rows for key in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, fields, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
