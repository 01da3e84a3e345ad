"""The files of an evaluation: everything as JSON, a table of rows, a table of cells, and a page."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Tuple

from hot.evaluation.matrix import matrix
from hot.evaluation.page import Stills, to_html
from hot.evaluation.report import Report
from hot.writing import write_atomically

NO_STILLS: Stills = MappingProxyType({})


def write_report(report: Report, folder: Path, stills: Stills = NO_STILLS) -> Tuple[Path, ...]:
    """Write ``report.json``, ``report.csv`` (a row a skill, controller, condition, engine and resting pose),
    ``matrix.csv`` (a row a cell of object and skill) and ``report.html`` into ``folder``, each whole or not at all;
    the paths.

    Raises:
        BadFileError: the folder cannot be made or written.
    """
    texts = {
        "report.json": report.to_json(),
        "report.csv": report.to_csv(),
        "matrix.csv": matrix(report).to_csv(),
        "report.html": to_html(report, stills),
    }
    for name, text in texts.items():
        with write_atomically(Path(folder) / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return tuple(Path(folder) / name for name in texts)
