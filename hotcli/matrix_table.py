"""A report of many cells as tables: objects by skills, a table for each group of columns, rule and error."""

from __future__ import annotations

from typing import TYPE_CHECKING, List

from hotcli import console, report_table

if TYPE_CHECKING:
    from hot.evaluation import Report, Table


def suits(report: Report) -> bool:
    """Whether there is more than one object, size or kind of clips, or something was left out."""
    kinds = {(row.object, row.size, "sequence" in row.unseen) for row in report.skills}
    return len(kinds) > 1 or bool(report.left_out)


def show(report: Report) -> None:
    """Print success and mean errors, how the compared differ, and what was left out and why."""
    from hot import evaluation

    matrix = evaluation.matrix(report)
    for table in evaluation.all_tables(matrix):
        _show_table(report.hand, table)
    report_table.show_robustness(report)
    for reason, names in evaluation.by_reason(report.left_out).items():
        console.show(f"Left out: {console.names(names)}: {reason}")


def _show_table(hand: str, table: Table) -> None:
    """One table for each group of columns, so that each fits a window."""
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
