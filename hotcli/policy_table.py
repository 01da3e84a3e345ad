"""Cards as text: a table for the terminal, a table for a page, and one card whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Tuple

from hotcli import console

if TYPE_CHECKING:
    from hot.policies import Card, CardRate, CardResult

_COLUMNS = {
    "HOT": ("plain", "hot"),
    "strict": ("plain", "strict"),
    "HOT, perturbed": ("perturbed", "hot"),
    "end, perturbed": ("perturbed", "end"),
}
_NAMES = ["hand", "object", "skill", "engine"]
_FACTS = ["clips", "samples [M]", "minutes"]
_ORDER = ("grasp", "move", "place", "freemove", "regrasp", "rotate", "catch", "throw")
_RULES = {"hot": "HOT", "spider": "SPIDER", "strict": "strict", "end": "end", "skill": "skill rule"}


def show(cards: Sequence[Tuple[Path, Card]]) -> None:
    """Print all policies with their cards, a row for each skill and engine; several objects count together, those that
    the policy was not trained on apart."""
    rows = [row for path, card in cards for group in _groups(path, card) for row in _rows(card, group)]
    console.show_table("Policies: success [%] on held-out clips", [*_NAMES, *_COLUMNS, *_FACTS], rows, words=4)


def markdown(cards: Sequence[Tuple[Path, Card]]) -> str:
    """The same for a page: a column for each skill, and for each policy and engine a row for each kind of start."""
    judged = {result.skill for _, card in cards for result in card.results}
    skills = sorted(judged, key=_place)
    header = ["hand", "object", "engine", "starts", *skills, *_FACTS]
    rows = [row for path, card in cards for group in _groups(path, card) for row in _wide_rows(card, group, skills)]
    return markdown_table(header, rows)


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def show_card(card: Card, path: Path) -> None:
    """Print one card: its trainings, then its results with their intervals, of one object by its resting poses too, of
    several first all together."""
    console.show(f"{card.hand} and {console.names(card.objects)}: {path}")
    console.show(
        f"skills {console.names(card.skills)}; {sum(card.grasps.values())} grasps, every {card.held_out}th held out; "
        f"judged {card.date} by hot {card.hot}"
    )
    if card.teachers:
        console.show(f"taught by {console.names(card.teachers)}")
    if card.unseen:
        console.show(f"unseen in training: {console.names(card.unseen)}")
    columns = ["stage", "engine", "machine", "seed", "samples [M]", "minutes", "worlds", "substeps", "iterations"]
    stages = [
        [
            str(stage.stage),
            stage.engine,
            stage.machine,
            str(stage.seed),
            f"{stage.samples / 1e6:.1f}",
            _minutes(stage.seconds),
            str(stage.worlds),
            str(stage.substeps),
            f"{stage.iterations}, {stage.ls_iterations}",
        ]
        for stage in card.stages
    ]
    console.show_table("Trainings", columns, stages, words=3)
    columns = ["object", "engine", "skill", "resting pose", "noise", "clips", *_RULES.values()]
    rows = [row for group in _groups(path, card) if group.pooled for row in _together(group)]
    console.show_table("Success [%], 95 % interval", columns, [*rows, *_results(card)], words=4)


def rate_text(rates: Dict[str, CardRate], name: str, interval: bool = False) -> str:
    """A rule's rate [%], with its 95 % interval if asked; a dash where it was not judged."""
    rate = rates.get(name)
    if rate is None or not rate.clips:
        return "-"
    value = f"{100 * rate.successes / rate.clips:.1f}"
    return f"{value} [{100 * rate.low:.1f}, {100 * rate.high:.1f}]" if interval else value


@dataclass(frozen=True)
class _Group:
    """Results that are told together: those of all objects that a policy was trained on, or of all others."""

    label: str
    pooled: bool
    """Of several objects."""
    pairs: Dict[Tuple[str, str], Dict[float, Dict[str, CardRate]]]
    """By skill and engine, by noise, by rule."""


def _groups(path: Path, card: Card) -> List[_Group]:
    """Without results one group with none."""
    seen = [result for result in card.results if result.object in card.objects]
    groups = [_group(_label(path, card, seen), seen)] if seen or not card.results else []
    if card.unseen:
        new = [result for result in card.results if result.object not in card.objects]
        groups.append(_group(f"{path.stem}: {_counted(card.unseen)} unseen", new))
    return groups


def _label(path: Path, card: Card, seen: Sequence[CardResult]) -> str:
    if len(card.objects) == 1:
        return path.stem
    judged = {result.object for result in seen}
    share = f"{len(judged)} of " if 0 < len(judged) < len(card.objects) else ""
    return f"{path.stem}: {share}{len(card.objects)} objects"


def _counted(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else str(len(names))


def _group(label: str, results: Sequence[CardResult]) -> _Group:
    from hot.policies import CardRate

    parts: Dict[Tuple[str, str], Dict[float, List[CardResult]]] = {}
    for result in results:
        parts.setdefault((result.skill, result.engine), {}).setdefault(result.noise, []).append(result)
    pairs = {
        pair: {
            noise: {rule: CardRate.pooled([each.rates[rule] for each in same]) for rule in same[0].rates}
            if len(same) > 1
            else same[0].rates
            for noise, same in of.items()
        }
        for pair, of in parts.items()
    }
    return _Group(label, len({result.object for result in results}) > 1, pairs)


def _place(skill: str) -> int:
    return _ORDER.index(skill) if skill in _ORDER else len(_ORDER)


def _wide_rows(card: Card, group: _Group, skills: Sequence[str]) -> List[List[str]]:
    rows = []
    for engine in sorted({engine for _, engine in group.pairs}):
        own = {skill: group.pairs[skill, engine] for skill in skills if (skill, engine) in group.pairs}
        for kind, rules in (("plain", ("hot", "strict")), ("perturbed", ("hot", "end"))):
            cells = [" / ".join(_cell(own.get(skill, {}), kind, rule) for rule in rules) for skill in skills]
            cells = ["-" if cell == "- / -" else cell for cell in cells]
            clips = sorted({_clips(of) for of in own.values()})
            span = str(clips[0]) if len(clips) == 1 else f"{clips[0]} to {clips[-1]}"
            rows.append([card.hand, group.label, engine, kind, *cells, span, *_facts(card)])
    return rows


def _facts(card: Card) -> List[str]:
    return [f"{card.samples / 1e6:.1f}", _minutes(card.seconds)]


def _rows(card: Card, group: _Group) -> List[List[str]]:
    facts = _facts(card)
    if not group.pairs:
        return [[card.hand, group.label, console.names(card.skills), "-", *["-"] * len(_COLUMNS), "-", *facts]]
    return [
        [card.hand, group.label, *pair, *[_cell(of, *column) for column in _COLUMNS.values()], str(_clips(of)), *facts]
        for pair, of in sorted(group.pairs.items())
    ]


def _cell(of: Dict[float, Dict[str, CardRate]], kind: str, rule: str) -> str:
    """Of the plain starts, or of the perturbed ones."""
    rates = [rates for noise, rates in sorted(of.items()) if (noise > 0) == (kind == "perturbed")]
    return rate_text(rates[-1], rule) if rates else "-"


def _clips(of: Dict[float, Dict[str, CardRate]]) -> int:
    return max(rate.clips for rates in of.values() for rate in rates.values())


def _minutes(seconds: Optional[float]) -> str:
    return "-" if seconds is None else f"{seconds / 60:.1f}"


def _together(group: _Group) -> List[List[str]]:
    return [
        [group.label, engine, skill, "all", f"{noise:g}", *_figures(rates)]
        for (skill, engine), of in sorted(group.pairs.items())
        for noise, rates in sorted(of.items())
    ]


def _results(card: Card) -> List[List[str]]:
    rows, one = [], len({result.object for result in card.results}) == 1
    for result in card.results:
        name = result.object if result.object in card.objects else f"{result.object} (unseen)"
        parts = {"all": result.rates, **(result.poses if one and len(result.poses) > 1 else {})}
        for pose, rates in parts.items():
            rows.append([name, result.engine, result.skill, pose, f"{result.noise:g}", *_figures(rates)])
    return rows


def _figures(rates: Dict[str, CardRate]) -> List[str]:
    """Clips and each rule's rate."""
    clips = max(rate.clips for rate in rates.values())
    return [str(clips), *(rate_text(rates, rule, interval=True) for rule in _RULES)]
