"""Tables of a matrix as text with shades: one for each rule and error, and one for each difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from hot.evaluation.matrix import ERRORS, RULES, Column, Matrix
from hot.evaluation.report import Difference, LeftOut, Rate

_ALL = "all"


@dataclass(frozen=True)
class Entry:
    """What stands in one place of a table."""

    key: str = ""
    """Object, group and skill of a cell; empty for totals and for what was not judged."""
    lines: Tuple[str, ...] = ()
    """One a controller, in the matrix's order."""
    shade: Optional[float] = None
    """From 0, bad, to 1, good; None for neither."""


@dataclass(frozen=True)
class Table:
    """Objects down, columns across; each group of several columns ends in its total, as do several objects."""

    title: str
    controllers: Tuple[str, ...]
    """Whose the lines of each entry are."""
    groups: Tuple[Tuple[str, Tuple[str, ...]], ...]
    """Names, each with the heads of its columns."""
    rows: Tuple[Tuple[str, Tuple[Entry, ...]], ...]
    """Names of objects, each with an entry a column."""


_Describe = Callable[[Sequence[str], Sequence[Column]], Entry]
"""An entry for the cells of some objects and columns."""


def measured(matrix: Matrix, name: str) -> Table:
    """What one rule (a success rate [%] with its 95 % interval) or error says of every controller."""
    of_rule = name in RULES
    leading = matrix.controllers[0]
    errors = [cell[leading].means[name] or 0.0 for cell in matrix.cells.values()] if not of_rule else []

    def describe(objects: Sequence[str], columns: Sequence[Column]) -> Entry:
        pooled = [matrix.of(controller, objects, columns) for controller in matrix.controllers]
        if of_rule:
            rates = [each.rates[name] for each in pooled]
            return Entry(lines=tuple(map(rate_text, rates)), shade=rates[0].value)
        means = [each.means[name] for each in pooled]
        return Entry(lines=tuple(map(mean_text, means)), shade=_goodness(means[0], max(errors)))

    title = f"success by the {RULES[name]} rule [%], 95 % interval" if of_rule else f"{ERRORS[name]}, mean over clips"
    return _laid_out(matrix, title, matrix.controllers, describe)


def clips_table(matrix: Matrix) -> Table:
    """Of how many clips each cell is."""

    def describe(objects: Sequence[str], columns: Sequence[Column]) -> Entry:
        return Entry(lines=(str(matrix.of(matrix.controllers[0], objects, columns).clips),))

    return _laid_out(matrix, "clips", matrix.controllers[:1], describe)


def differing(matrix: Matrix, pair: Tuple[str, str], name: str) -> Table:
    """What the compared two differ by in one rule [points] or error; shaded where the interval is clear of 0."""
    of_rule = name in RULES
    what = f"success by the {RULES[name]} rule [points]" if of_rule else ERRORS[name]

    def describe(objects: Sequence[str], columns: Sequence[Column]) -> Entry:
        each = matrix.pooled_difference(pair, name, objects, columns)
        return Entry(lines=(difference_text(each, 100.0 if of_rule else 1.0),), shade=_gain(each, of_rule))

    label = " - ".join(pair)
    return _laid_out(matrix, f"{label}: {what}, paired clip by clip, 95 % interval", (label,), describe)


def all_tables(matrix: Matrix) -> List[Table]:
    """Every table that there is."""
    tables = [measured(matrix, name) for name in (*RULES, *ERRORS)]
    differences = [differing(matrix, matrix.pair, name) for name in (*RULES, *ERRORS)] if matrix.pair else []
    return [*tables, *differences, clips_table(matrix)]


def rate_text(rate: Rate) -> str:
    """A rate [%] with its interval."""
    if rate.value is None:
        return "-"
    return f"{100 * rate.value:.0f} [{100 * rate.low:.0f}, {100 * rate.high:.0f}]"


def mean_text(value: Optional[float]) -> str:
    """A mean to three digits."""
    return "-" if value is None else f"{value:.3g}"


def difference_text(each: Difference, scale: float) -> str:
    """A difference with its interval, in units of 1 / ``scale``; a dash where it is not known."""
    if each.value is None:
        return "-"
    form = "{:+.0f}" if scale == 100.0 else "{:+.2g}"
    if each.low is None or each.high is None:
        return form.format(scale * each.value)
    return f"{form} [{form}, {form}]".format(scale * each.value, scale * each.low, scale * each.high)


def by_reason(left_out: Sequence[LeftOut]) -> Dict[str, List[str]]:
    """What was left out, by the reason."""
    found: Dict[str, List[str]] = {}
    for each in left_out:
        size = "" if each.size == 1.0 else f" at size {each.size:g}"
        found.setdefault(each.reason, []).append(f"{each.object}{f' {each.skill}' if each.skill else ''}{size}")
    return found


def _goodness(error: Optional[float], worst: float) -> Optional[float]:
    return None if error is None or worst <= 0.0 else 1.0 - min(1.0, error / worst)


def _gain(each: Difference, more_is_better: bool) -> Optional[float]:
    """1 for better beyond doubt, 0 for worse, None between."""
    if each.low is None or each.high is None or each.low <= 0.0 <= each.high:
        return None
    return float((each.low > 0.0) == more_is_better)


def _laid_out(matrix: Matrix, title: str, controllers: Tuple[str, ...], describe: _Describe) -> Table:
    places: List[Tuple[str, Sequence[Column]]] = []
    groups = []
    for name, columns in matrix.groups.items():
        own = [(column.skill, (column,)) for column in columns]
        own += [(_ALL, columns)] if len(columns) > 1 else []
        groups.append((name, tuple(head for head, _ in own)))
        places += own
    rows = [(name, (name,)) for name in matrix.objects]
    rows += [("all objects", matrix.objects)] if len(matrix.objects) > 1 else []
    return Table(
        title,
        controllers,
        tuple(groups),
        tuple(
            (label, tuple(_entry(matrix, objects, columns, describe) for _, columns in places))
            for label, objects in rows
        ),
    )


def _entry(matrix: Matrix, objects: Sequence[str], columns: Sequence[Column], describe: _Describe) -> Entry:
    judged = [(name, column) for name in objects for column in columns if (name, column) in matrix.cells]
    if not judged:
        return Entry()
    entry = describe(objects, columns)
    single = len(objects) == len(columns) == 1
    return Entry("|".join((objects[0], *columns[0])), entry.lines, entry.shade) if single else entry
