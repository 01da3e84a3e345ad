"""A report as tables: rates with their 95 % intervals, mean errors, and, if they were met, the disturbed conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, List, Optional

from hotcli import console

if TYPE_CHECKING:
    from hot.evaluation import Comparison, Difference, PoseReport, Rate, Report, SkillReport

_RATES = {"hot": "HOT", "spider": "SPIDER", "strict": "strict", "end": "end", "skill": "skill rule"}
_MEANS = {
    "e_op_cm": "E_op [cm]",
    "e_or_deg": "E_or [deg]",
    "e_h_cm": "E_h [cm]",
    "add_auc": "ADD-AUC",
    "reward": "reward",
}
_ROBUST = {name: _RATES[name] for name in ("hot", "strict", "end")}


def show(report: Report) -> None:
    """Print a report: success rates, then mean errors, a row for each skill and controller in both; then, if the
    report holds disturbed conditions, success rates by condition."""
    of = f"{report.hand} with {', '.join(report.objects)}"
    names = ["skill", "controller", "clips"]
    console.show_table(f"{of}: success [%], 95 % interval", [*names, *_RATES.values()], rate_rows(report), words=2)
    console.show_table(f"{of}: means over clips", [*names, *_MEANS.values()], mean_rows(report), words=2)
    show_robustness(report)


def show_robustness(report: Report) -> None:
    """Print success rates by condition, if the report holds disturbed ones."""
    if len(_conditions(report)) > 1:
        of = f"{report.hand} with {', '.join(report.objects)}"
        names = ["skill", "controller", "clips"]
        columns = ["condition", *names, *_ROBUST.values()]
        console.show_table(f"{of}: robustness, success [%]", columns, robustness_rows(report), words=3)


def rate_rows(report: Report) -> List[List[str]]:
    """Cells of the table of rates in the plain condition: controllers skill by skill, each with its classes of
    resting pose if there are several, beneath them how they differ, paired clip by clip."""
    return _rows(
        report,
        lambda skill: [_rate(skill.rates[name]) for name in _RATES],
        lambda pair: [_rate_difference(pair.rates[name]) for name in _RATES],
        lambda pose: [_rate(pose.rates[name]) for name in _RATES],
    )


def mean_rows(report: Report) -> List[List[str]]:
    """Cells of the table of means, in the same order, without the classes."""
    return _rows(
        report,
        lambda skill: [_mean(skill.means[name]) for name in _MEANS],
        lambda pair: [_mean_difference(pair.means[name]) for name in _MEANS],
    )


def robustness_rows(report: Report) -> List[List[str]]:
    """Cells of the table of conditions: condition by condition, in it skill by skill."""
    return [
        [condition, _cell(row, report), _controller(row, report), str(row.clips), *_robust_rates(row)]
        for condition in _conditions(report)
        for row in report.skills
        if row.condition == condition
    ]


def _rows(
    report: Report,
    of_skill: Callable[[SkillReport], List[str]],
    of_pair: Callable[[Comparison], List[str]],
    of_pose: Optional[Callable[[PoseReport], List[str]]] = None,
) -> List[List[str]]:
    cells: List[List[str]] = []
    plain = _conditions(report)[0]
    for name in dict.fromkeys(row.skill for row in report.skills):
        for row in report.skills:
            if (row.skill, row.condition) == (name, plain):
                cells.append([name, _controller(row, report), str(row.clips), *of_skill(row)])
                if of_pose is not None and len(row.poses) > 1:
                    cells += [["", f"  {p.pose}, {100 * p.share:.0f} %", str(p.clips), *of_pose(p)] for p in row.poses]
        cells += [
            [name, f"{pair.first} - {pair.second}", str(_paired_clips(pair)), *of_pair(pair)]
            for pair in report.comparisons
            if (pair.skill, pair.condition) == (name, plain)
        ]
    return cells


def _conditions(report: Report) -> List[str]:
    """Names of the conditions, the plain one first."""
    return list(dict.fromkeys(row.condition for row in report.skills))


def _controller(row: SkillReport, report: Report) -> str:
    return row.controller if len(report.physics) == 1 else f"{row.controller} on {row.engine}"


def _robust_rates(row: SkillReport) -> List[str]:
    return [_rate(row.rates[name]) for name in _ROBUST]


def _cell(row: SkillReport, report: Report) -> str:
    """The skill, and the object and its size where they vary."""
    size = "" if row.size == 1.0 else f" at size {row.size:g}"
    return (row.skill if len(report.objects) == 1 else f"{row.object}, {row.skill}") + size


def _paired_clips(pair: Comparison) -> int:
    return max(each.clips for each in pair.means.values())


def _rate_difference(each: Difference) -> str:
    """Percentage points with their interval."""
    if each.value is None or each.low is None or each.high is None:
        return "-"
    return f"{100 * each.value:+.0f} [{100 * each.low:+.0f},{100 * each.high:+.0f}]"


def _mean_difference(each: Difference) -> str:
    """A mean with the half width of its interval, which is symmetric."""
    if each.value is None or each.high is None:
        return "-"
    return f"{each.value:+.2g} ± {each.high - each.value:.2g}"


def _rate(rate: Rate) -> str:
    if rate.value is None:
        return "-"
    return f"{100 * rate.value:.0f} [{100 * rate.low:.0f}, {100 * rate.high:.0f}]"


def _mean(value: Optional[float]) -> str:
    return "-" if value is None else f"{value:.3g}"
