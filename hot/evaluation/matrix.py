"""A report as a matrix of objects by skills: what was never trained on in columns of its own, and totals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from hot.evaluation.csv_text import as_csv
from hot.evaluation.report import OPEN_LOOP, ClipScore, Comparison, Difference, LeftOut, Rate, Report, SkillReport
from hot.evaluation.summary import clip_means, clip_rates, compare, mean_difference, rate_difference

RULES = {"hot": "HOT", "strict": "strict"}
"""Success rules of a matrix, and their titles."""
ERRORS = {"e_op_cm": "E_op [cm]", "e_or_deg": "E_or [deg]", "e_h_cm": "E_h [cm]"}
"""Mean errors of a matrix, and their titles."""
SEEN, HELD_OUT = "trained on", "held out"
"""Groups of the columns of which nothing is new to the policies, and of those that no policy is judged on."""
SIZE = "size"


class Column(NamedTuple):
    """A column of the matrix."""

    group: str
    """What of its clips the policies never saw, such as "unseen object", and the object's size if not its own."""
    skill: str
    """Or the name of composed sequences."""


class Pooled(NamedTuple):
    """One controller on the clips of several cells taken together.

    The interval is that of more clips of the same objects and skills, not of other ones.
    """

    clips: int
    rates: Dict[str, Rate]
    means: Dict[str, Optional[float]]


@dataclass(frozen=True)
class Matrix:
    """The plain condition of a report on its leading engine."""

    hand: str
    controllers: Tuple[str, ...]
    """The policies, then the open loop."""
    objects: Tuple[str, ...]
    columns: Tuple[Column, ...]
    """Neighbours where they are of one group, that of training first."""
    cells: Dict[Tuple[str, Column], Dict[str, SkillReport]]
    """By object and column, then by controller; pairs that were not judged are missing."""
    left_out: Tuple[LeftOut, ...]

    @property
    def groups(self) -> Dict[str, Tuple[Column, ...]]:
        """The columns of each group, in order."""
        names = dict.fromkeys(column.group for column in self.columns)
        return {name: tuple(column for column in self.columns if column.group == name) for name in names}

    def of(
        self, controller: str, objects: Optional[Sequence[str]] = None, columns: Optional[Sequence[Column]] = None
    ) -> Pooled:
        """The cells of some objects and columns, all of them if None, under one controller, clip by clip."""
        scores = [score for row in self._rows(controller, objects, columns) for score in row.scores]
        return Pooled(len(scores), clip_rates(scores, tuple(RULES)), clip_means(scores, tuple(ERRORS)))

    @property
    def pair(self) -> Optional[Tuple[str, str]]:
        """Who is compared with whom: two policies, or a policy and the open loop."""
        return (self.controllers[0], self.controllers[1]) if len(self.controllers) > 1 else None

    def difference(self, object_name: str, column: Column) -> Optional[Comparison]:
        """The pair's on one cell; None where it was not judged or nobody is compared."""
        cell = self.cells.get((object_name, column))
        return compare(*(cell[name] for name in self.pair)) if cell and self.pair else None

    def pooled_difference(
        self,
        pair: Tuple[str, str],
        name: str,
        objects: Optional[Sequence[str]] = None,
        columns: Optional[Sequence[Column]] = None,
    ) -> Difference:
        """The first controller of a pair minus the second in one rule or error, on all clips of some cells."""
        first, second = (self._rows(controller, objects, columns) for controller in pair)
        pairs: List[Tuple[ClipScore, ClipScore]] = []
        for mine, other in zip(first, second):
            pairs += zip(mine.scores, other.scores)
        return rate_difference(name, pairs) if name in RULES else mean_difference(name, pairs)

    def to_csv(self) -> str:
        """One row a cell: every controller's figures, then the pair's differences; what was left out says why."""
        rows = [self._csv_row(*key) for key in self.cells]
        rows += [
            {"object": each.object, "skill": each.skill or "all", "size": each.size, "left_out": each.reason}
            for each in self.left_out
        ]
        return as_csv(rows)

    def _rows(
        self, controller: str, objects: Optional[Sequence[str]], columns: Optional[Sequence[Column]]
    ) -> List[SkillReport]:
        return [
            cell[controller]
            for (name, column), cell in self.cells.items()
            if (objects is None or name in objects) and (columns is None or column in columns)
        ]

    def _csv_row(self, object_name: str, column: Column) -> Dict[str, Any]:
        cell = self.cells[object_name, column]
        first = cell[self.controllers[0]]
        row: Dict[str, Any] = {"hand": self.hand, "object": object_name, "group": column.group, "skill": column.skill}
        row.update({"size": first.size, "engine": first.engine, "noise": first.noise, "clips": first.clips})
        for name in self.controllers:
            row.update(_figures(name.replace(" ", "_"), cell[name]))
        difference = self.difference(object_name, column)
        if difference is not None:
            row.update(_differences({**difference.rates, **difference.means}))
        return {**row, "left_out": None}


def matrix(report: Report) -> Matrix:
    """The cells of a report that has at least one row."""
    engine, condition = report.skills[0].engine, report.skills[0].condition
    found: Dict[Tuple[str, str, float], Dict[str, SkillReport]] = {}
    for row in report.skills:
        if (row.engine, row.condition) == (engine, condition):
            found.setdefault((row.object, row.skill, row.size), {})[row.controller] = row
    cells = {(key[0], Column(_group(of), key[1])): of for key, of in found.items()}
    names = dict.fromkeys(name for of in cells.values() for name in of)
    return Matrix(
        hand=report.hand,
        controllers=tuple(sorted(names, key=lambda name: name == OPEN_LOOP)),
        objects=tuple(dict.fromkeys(name for name, _ in cells)),
        columns=_in_order([column for _, column in cells]),
        cells=cells,
        left_out=report.left_out,
    )


def _group(cell: Mapping[str, SkillReport]) -> str:
    row = next(iter(cell.values()))
    parts = [f"unseen {what}" for what in row.unseen if what != SIZE]
    if row.size != 1.0:
        parts.append(f"{'unseen ' if SIZE in row.unseen else ''}size {row.size:g}")
    return ", ".join(parts) or (SEEN if any(name != OPEN_LOOP for name in cell) else HELD_OUT)


def _in_order(columns: Sequence[Column]) -> Tuple[Column, ...]:
    """Each column once, groups and their skills as they first came, but what was trained on first."""
    groups = sorted(dict.fromkeys(column.group for column in columns), key=lambda group: group not in (SEEN, HELD_OUT))
    skills = list(dict.fromkeys(column.skill for column in columns))
    return tuple(sorted(dict.fromkeys(columns), key=lambda c: (groups.index(c.group), skills.index(c.skill))))


def _figures(prefix: str, row: SkillReport) -> Dict[str, Any]:
    figures: Dict[str, Any] = {}
    if row.policy is not None:
        figures[f"{prefix}_path"] = row.policy
    for name in RULES:
        rate = row.rates[name]
        figures.update(
            {f"{prefix}_{name}": rate.value, f"{prefix}_{name}_low": rate.low, f"{prefix}_{name}_high": rate.high}
        )
        figures.update({f"{prefix}_{name}_successes": rate.successes, f"{prefix}_{name}_clips": rate.clips})
    return {**figures, **{f"{prefix}_{name}": row.means[name] for name in ERRORS}}


def _differences(by_name: Mapping[str, Difference]) -> Dict[str, Any]:
    wanted = [name for name in (*RULES, *ERRORS) if name in by_name]
    return {
        f"difference_{name}{end}": getattr(by_name[name], key)
        for name in wanted
        for end, key in (("", "value"), ("_low", "low"), ("_high", "high"))
    }
