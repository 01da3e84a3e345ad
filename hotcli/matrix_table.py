"""A report of many cells as tables: every cell with its figures, and success as objects by skills."""

from __future__ import annotations

from typing import TYPE_CHECKING, List, Optional, Sequence, Tuple

from hotcli import console, report_table

if TYPE_CHECKING:
    from hot.evaluation import Column, Matrix, Report, Table

_NAMES = ["object", "clips of", "skill"]

_Part = Tuple[List[str], Optional[Sequence[str]], Optional[Sequence["Column"]]]
"""Names of a row, and the objects and columns that it stands for."""


def suits(report: Report) -> bool:
    """Whether there is more than one object, size or kind of clips, or something was left out."""
    kinds = {(row.object, row.size, "sequence" in row.unseen) for row in report.skills}
    return len(kinds) > 1 or bool(report.left_out)


def show(report: Report) -> None:
    """Print every cell; how two policies differ, if two are compared; success as a matrix, a table for each group of
    columns so that each fits a window; and what was left out and why."""
    from hot import evaluation

    matrix = evaluation.matrix(report)
    _show_cells(matrix)
    if matrix.pair is not None and evaluation.OPEN_LOOP not in matrix.pair:
        _show_differences(matrix, matrix.pair)
    _show_groups(matrix.hand, evaluation.measured(matrix, "hot"))
    report_table.show_robustness(report)
    for reason, names in evaluation.by_reason(report.left_out).items():
        console.show(f"Left out: {console.names(names)}: {reason}")


def _show_cells(matrix: Matrix) -> None:
    from hot.evaluation import ERRORS, RULES, mean_text, rate_text

    rows = []
    for names, objects, columns in _parts(matrix):
        for index, controller in enumerate(matrix.controllers):
            of = matrix.of(controller, objects, columns)
            figures = [rate_text(of.rates[name]) for name in RULES] + [mean_text(of.means[name]) for name in ERRORS]
            rows.append([*(names if index == 0 else ["", "", ""]), controller, str(of.clips), *figures])
    heads = [*_NAMES, "controller", "clips", *RULES.values(), *ERRORS.values()]
    console.show_table(f"{matrix.hand}: success [%], 95 % interval, and means over clips", heads, rows, words=4)


def _show_differences(matrix: Matrix, pair: Tuple[str, str]) -> None:
    from hot.evaluation import ERRORS, RULES, difference_text

    rows = []
    for names, objects, columns in _parts(matrix):
        found = {name: matrix.pooled_difference(pair, name, objects, columns) for name in (*RULES, *ERRORS)}
        points = [difference_text(found[name], 100.0) for name in RULES]
        rows.append([*names, *points, *(difference_text(found[name], 1.0) for name in ERRORS)])
    title = f"{pair[0]} - {pair[1]}, paired clip by clip: success [points] and errors, 95 % interval"
    console.show_table(title, [*_NAMES, *RULES.values(), *ERRORS.values()], rows, words=3)


def _parts(matrix: Matrix) -> List[_Part]:
    """Every cell, and the totals of groups of several."""
    parts: List[_Part] = [([name, *column], [name], [column]) for name, column in matrix.cells]
    for group, columns in matrix.groups.items():
        if sum(column in columns for _, column in matrix.cells) > 1:
            parts.append((["all", group, "all"], None, columns))
    return parts


def _show_groups(hand: str, table: Table) -> None:
    first = 0
    for group, heads in table.groups:
        columns = slice(first, first + len(heads))
        first += len(heads)
        rows: List[List[str]] = [
            [name, "\n".join(table.controllers), *("\n".join(entry.lines) for entry in entries[columns])]
            for name, entries in table.rows
            if any(entry.lines for entry in entries[columns])
        ]
        console.show_table(f"{hand}, {group}: {table.title}", ["object", "controller", *heads], rows, words=2)
