"""Pictures of a matrix: success by column and by object, errors of all clips, and what the compared two differ by."""

from __future__ import annotations

import io
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from hot.errors import MissingDependencyError
from hot.evaluation.matrix import Column, Matrix

_COLOURS = ("#1b6ca8", "#d1812c", "#8a8f98")
"""Of controllers in order, the open loop last; told apart by those who see no red or green too."""
_LINE = 0.32
"""Height of a line of a plot [inch]."""


def draw_plots(matrix: Matrix) -> Dict[str, bytes]:
    """Each plot as SVG, by its title.

    Raises:
        MissingDependencyError: matplotlib is not installed.
    """
    plots = {
        "Success by the HOT rule, clips of all objects together": _success(matrix, _by_column(matrix)),
        "Success by the HOT rule, clips of all columns together": _success(matrix, _by_object(matrix)),
        "Mean object error of each clip": _errors(matrix),
    }
    if matrix.pair:
        title = f"Difference in success by the HOT rule, {matrix.pair[0]} minus {matrix.pair[1]}, clip by clip"
        plots[title] = _difference(matrix, matrix.pair)
    return {title: _svg(figure) for title, figure in plots.items()}


Part = Tuple[str, Optional[Sequence[str]], Optional[Sequence[Column]]]
"""A label, and the objects and columns whose clips it stands for."""


def _by_column(matrix: Matrix) -> List[Part]:
    return [(f"{column.skill} ({column.group})", None, [column]) for column in matrix.columns]


def _by_object(matrix: Matrix) -> List[Part]:
    return [(name, [name], None) for name in matrix.objects]


def _success(matrix: Matrix, parts: Sequence[Part]) -> Any:
    """A line for each part, a mark with its interval for each controller."""
    figure, pane = _lines([label for label, _, _ in parts])
    for index, name in enumerate(matrix.controllers):
        rates = [matrix.of(name, objects, columns).rates["hot"] for _, objects, columns in parts]
        known = [(place, rate.value, rate) for place, rate in enumerate(rates) if rate.value is not None]
        offset = 0.24 * (index - 0.5 * (len(matrix.controllers) - 1))
        pane.errorbar(
            [100 * value for _, value, _ in known],
            [place + offset for place, _, _ in known],
            xerr=[
                [100 * max(0.0, value - rate.low) for _, value, rate in known],
                [100 * max(0.0, rate.high - value) for _, value, rate in known],
            ],
            fmt="o",
            markersize=4,
            capsize=2,
            color=_colour(matrix, name),
            label=name,
        )
    pane.set_xlabel("success [%], 95 % interval")
    pane.legend(fontsize="small")
    return figure


def _errors(matrix: Matrix) -> Any:
    """A box for each column and controller: median, quartiles, and the 5th to the 95th percentile of E_op."""
    figure, pane = _lines([label for label, _, _ in _by_column(matrix)])
    for index, name in enumerate(matrix.controllers):
        colour, offset = _colour(matrix, name), 0.24 * (index - 0.5 * (len(matrix.controllers) - 1))
        for place, column in enumerate(matrix.columns):
            values = _finite_errors(matrix, name, column)
            if values:
                ends = np.percentile(values, (5, 25, 50, 75, 95))
                pane.hlines(place + offset, ends[0], ends[4], color=colour, linewidth=1)
                pane.hlines(place + offset, ends[1], ends[3], color=colour, linewidth=5)
                pane.plot(ends[2], place + offset, "|", color="black", markersize=7)
        pane.plot([], [], color=colour, linewidth=5, label=name)
    pane.set_xscale("log")
    pane.set_xlabel("E_op [cm]: median, quartiles, and the range of 5 % to 95 % of the clips")
    pane.legend(fontsize="small")
    return figure


def _finite_errors(matrix: Matrix, controller: str, column: Column) -> List[float]:
    values = [
        score.means["e_op_cm"]
        for (_, other), cell in matrix.cells.items()
        if other == column
        for score in cell[controller].scores
    ]
    return [max(value, 1e-3) for value in values if value is not None]  # a logarithmic axis has no zero


def _difference(matrix: Matrix, pair: Tuple[str, str]) -> Any:
    parts = [*_by_column(matrix), *_by_object(matrix), ("all", None, None)]
    differences = [matrix.pooled_difference(pair, "hot", objects, columns) for _, objects, columns in parts]
    figure, pane = _lines([label for label, _, _ in parts])
    for place, each in enumerate(differences):
        if each.value is None or each.low is None or each.high is None:
            continue
        pane.plot([100 * each.low, 100 * each.high], [place, place], color=_COLOURS[0], linewidth=1.5)
        pane.plot([100 * each.value], [place], "o", color=_COLOURS[0], markersize=4)
    pane.axvline(0.0, color="black", linewidth=0.8)
    pane.set_xlabel("percentage points, 95 % interval")
    return figure


def _lines(labels: Sequence[str]) -> Tuple[Any, Any]:
    """An empty plot with a line for each label, the first one on top."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingDependencyError("plots need matplotlib: pip install 'hand-object-tracking[plots]'") from error
    figure = Figure(figsize=(8.0, 1.0 + _LINE * len(labels)), layout="constrained")
    pane = figure.subplots()
    pane.set_yticks(range(len(labels)), labels)
    pane.set_ylim(len(labels) - 0.4, -0.6)
    pane.grid(alpha=0.3, axis="x")
    return figure, pane


def _colour(matrix: Matrix, controller: str) -> str:
    index = matrix.controllers.index(controller)
    return _COLOURS[-1] if index == len(matrix.controllers) - 1 else _COLOURS[index]


def _svg(figure: Any) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()
