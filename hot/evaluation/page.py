"""A report as one HTML page that needs nothing else: tables in colour, plots, and stills as data URIs."""

from __future__ import annotations

import base64
from typing import Dict, List, Mapping, Optional, Tuple

import jinja2

from hot.assets import packaged
from hot.errors import MissingDependencyError
from hot.evaluation.matrix import Matrix, matrix
from hot.evaluation.plots import draw_plots
from hot.evaluation.report import Report
from hot.evaluation.stills import Still
from hot.evaluation.tables import all_tables, by_reason

Stills = Mapping[Tuple[str, str, float], Still]
"""By object, skill and size."""


def to_html(report: Report, stills: Stills) -> str:
    """The page. Without matplotlib it has no plots and says so."""
    shown = matrix(report)
    try:
        plots, no_plots = {title: _uri("image/svg+xml", svg) for title, svg in draw_plots(shown).items()}, ""
    except MissingDependencyError as error:
        plots, no_plots = {}, str(error)
    folder = jinja2.FileSystemLoader(str(packaged("pages")))
    page = jinja2.Environment(loader=folder, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    page.filters["colour"] = _colour
    return page.get_template("report.html").render(
        report=report,
        shown=shown,
        policies=_policies(report),
        tables=all_tables(shown),
        left_out=by_reason(report.left_out),
        plots=plots,
        no_plots=no_plots,
        stills=_stills(shown, stills),
    )


def _colour(shade: Optional[float]) -> str:
    """From red over yellow to green, pale enough to read on; white for neither."""
    return "white" if shade is None else f"hsl({120 * shade:.0f}, 65%, 82%)"


def _policies(report: Report) -> Dict[Tuple[str, str], List[str]]:
    """The objects on which each policy was judged, by its name and path."""
    found: Dict[Tuple[str, str], List[str]] = {}
    for row in report.skills:
        if row.policy is not None:
            objects = found.setdefault((row.controller, row.policy), [])
            objects += [] if row.object in objects else [row.object]
    return found


def _stills(shown: Matrix, stills: Stills) -> List[Tuple[str, str, str]]:
    """Title, caption and picture of each cell that has one."""
    keys = {
        (name, column.skill, next(iter(cell.values())).size): f"{name}, {column.skill} ({column.group})"
        for (name, column), cell in shown.cells.items()
    }
    return [
        (title, stills[key].caption, _uri("image/jpeg", stills[key].jpeg))
        for key, title in keys.items()
        if key in stills
    ]


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
