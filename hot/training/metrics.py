"""Learning curves on disk: a row an epoch."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Dict, List, Mapping

from hot.errors import BadFileError
from hot.writing import write_atomically


class Metrics:
    """A CSV file with one row an epoch, whole after every row.

    Args:
        path: an existing file keeps its rows up to ``epoch``; later ones are dropped.
        epoch: the epoch after which rows will be added.
    """

    def __init__(self, path: Path, epoch: int) -> None:
        self._path = Path(path)
        self._rows = [row for row in _rows_of(self._path) if _is_before(row, epoch)] if epoch else []
        self._names: List[str] = []

    def add(self, epoch: int, figures: Mapping[str, float]) -> None:
        """Append the row of an epoch.

        Raises:
            BadFileError: the file cannot be written.
        """
        row = {"epoch": str(epoch), **{name: f"{value:.10g}" for name, value in figures.items()}}
        if not self._names:
            self._begin(row)
        try:
            with self._path.open("a", newline="", encoding="utf-8") as file:
                csv.DictWriter(file, self._names, lineterminator="\n").writerow(row)
        except OSError as error:
            raise BadFileError(self._path, f"cannot be written: {error.strerror}") from error

    def _begin(self, row: Mapping[str, str]) -> None:
        """Write the names of this training's figures and the rows that stay."""
        self._names = list(row)
        with write_atomically(self._path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self._names, restval="", extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            writer.writerows(self._rows)


def _rows_of(path: Path) -> List[Dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _is_before(row: Mapping[str, str], epoch: int) -> bool:
    """Whether a row is whole and of this epoch or an earlier one; a killed process may leave half a row."""
    number = row.get("epoch") or ""
    return None not in row.values() and number.isdigit() and int(number) <= epoch
