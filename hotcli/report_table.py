"""A report as a table: rates with their 95 % intervals, then mean errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, List, Optional

from hotcli import console

if TYPE_CHECKING:
    from hot.evaluation import Comparison, Difference, Rate, Report, SkillReport

_RATES = {"hot": "HOT", "spider": "SPIDER", "strict": "strict", "skill": "skill rule"}
_MEANS = {
    "e_op_cm": "E_op [cm]",
    "e_or_deg": "E_or [deg]",
    "e_h_cm": "E_h [cm]",
    "add_auc": "ADD-AUC",
    "reward": "reward",
}


def show(report: Report) -> None:
    """Print a report, a row for each skill and controller."""
    title = f"{report.hand} with {', '.join(report.objects)}: success [%] with 95 % interval, and mean errors"
    console.show_table(
        title, ["skill", "controller", "clips", *_RATES.values(), *_MEANS.values()], rows(report), words=2
    )


def rows(report: Report) -> List[List[str]]:
    """Cells of the table: controllers skill by skill, and beneath them how they differ, paired clip by clip."""
    cells = []
    for skill in dict.fromkeys(row.skill for row in report.skills):
        cells += [_row(row) for row in report.skills if row.skill == skill]
        cells += [_difference_row(pair) for pair in report.comparisons if pair.skill == skill]
    return cells


def _row(skill: SkillReport) -> List[str]:
    names = [skill.skill, skill.controller, str(skill.clips)]
    return [*names, *(_rate(skill.rates[name]) for name in _RATES), *(_mean(skill.means[name]) for name in _MEANS)]


def _difference_row(pair: Comparison) -> List[str]:
    names = [pair.skill, f"{pair.first} - {pair.second}", str(max(each.clips for each in pair.means.values()))]
    rates = [_difference(pair.rates[name], 100.0, ".0f") for name in _RATES]
    return [*names, *rates, *(_difference(pair.means[name], 1.0, ".2g") for name in _MEANS)]


def _difference(each: Difference, scale: float, form: str) -> str:
    if each.value is None or each.low is None or each.high is None:
        return "-"
    return f"{scale * each.value:+{form}} [{scale * each.low:+{form}}, {scale * each.high:+{form}}]"


def _rate(rate: Rate) -> str:
    if rate.value is None:
        return "-"
    return f"{100 * rate.value:.0f} [{100 * rate.low:.0f}, {100 * rate.high:.0f}]"


def _mean(value: Optional[float]) -> str:
    return "-" if value is None else f"{value:.3g}"
