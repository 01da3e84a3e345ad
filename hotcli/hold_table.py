"""How many grasps lasted, as a table and as data, with totals over all libraries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Sequence, Set, Tuple

from hotcli import console

if TYPE_CHECKING:
    from hot.synthesis.holding import HoldReport

_COLUMNS = ["hand", "object", "engine", "grasps", "held [%]", "slip [mm]", "worst slip", "turn [deg]", "worst turn"]
_GONE_MM = 100.0


def show(reports: Sequence[HoldReport]) -> None:
    """Print a row for each library and engine, then the total of each engine, and of all engines together."""
    first = reports[0]
    title = (
        f"Held for {first.seconds:g} s, moved at up to {first.turn_speed_rad_s:.1f} rad/s and "
        f"{first.acceleration_m_s2:.1f} m/s2: share that held, 95 % interval; medians of slip and turn"
    )
    console.show_table(title, _COLUMNS, [_row(report) for report in reports], words=3)
    for total in totals(reports):
        console.show(f"{total['engine']}: {total['held']} of {total['grasps']} grasps held, {_share(total)} %")


def as_data(reports: Sequence[HoldReport]) -> Dict[str, Any]:
    """The same for programs."""
    rows = [{**report.model_dump(mode="json"), "held": report.held} for report in reports]
    return {"libraries": rows, "total": totals(reports)}


def totals(reports: Sequence[HoldReport]) -> List[Dict[str, Any]]:
    """Grasps that held, of all libraries, on each engine; and on every one, if there are several."""
    engines = list(dict.fromkeys(report.engine for report in reports))
    lost = {engine: _lost([report for report in reports if report.engine == engine]) for engine in engines}
    if len(engines) > 1:
        lost[" and ".join(engines)] = set().union(*lost.values())
    count = sum(report.grasps for report in reports if report.engine == engines[0])
    return [_total(engine, count, count - len(each)) for engine, each in lost.items()]


def _total(engine: str, grasps: int, held: int) -> Dict[str, Any]:
    from hot.intervals import wilson

    share = wilson(held, grasps)
    return {"engine": engine, "grasps": grasps, "held": held, "low": share.low, "high": share.high}


def _lost(reports: Sequence[HoldReport]) -> Set[Tuple[str, str, int]]:
    return {(report.hand, report.object, number) for report in reports for number in report.lost}


def _row(report: HoldReport) -> List[str]:
    share = _share({"grasps": report.grasps, "held": report.held, "low": report.low, "high": report.high})
    slip = "dropped" if report.worst_slip_mm >= _GONE_MM else f"{report.worst_slip_mm:.1f}"
    return [
        report.hand,
        report.object,
        report.engine,
        str(report.grasps),
        share,
        f"{report.median_slip_mm:.1f}",
        slip,
        f"{report.median_turn_deg:.1f}",
        f"{report.worst_turn_deg:.0f}",
    ]


def _share(counts: Dict[str, Any]) -> str:
    """Percent with the ends of the interval."""
    ends = f"[{100 * counts['low']:.1f}, {100 * counts['high']:.1f}]"
    return f"{100 * counts['held'] / counts['grasps']:.1f} {ends}"
