"""Cards as text: a table for the terminal, a table for a page, and one card whole."""

from __future__ import annotations

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


def show(cards: Sequence[Card]) -> None:
    """Print all cards, a row for each skill and engine."""
    title = "Policies: success [%] on held-out clips"
    console.show_table(title, [*_NAMES, *_COLUMNS, *_FACTS], [row for card in cards for row in _rows(card)], words=4)


def markdown(cards: Sequence[Card]) -> str:
    """The same for a page: a column for each skill, and for each policy and engine a row for each kind of start."""
    judged = {result.skill for card in cards for result in card.results}
    skills = sorted(judged, key=lambda skill: _ORDER.index(skill) if skill in _ORDER else len(_ORDER))
    header = ["hand", "object", "engine", "starts", *skills, *_FACTS]
    return markdown_table(header, [row for card in cards for row in _wide_rows(card, skills)])


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def show_card(card: Card, path: str) -> None:
    """Print one card: its trainings, then its results with their intervals."""
    console.show(f"{card.hand} and {card.object}: {path}")
    console.show(
        f"skills {console.names(card.skills)}; {card.grasps} grasps, every {card.held_out}th held out; "
        f"judged {card.date} by hot {card.hot}"
    )
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
    columns = ["engine", "skill", "resting pose", "noise", "clips", *_RULES.values()]
    console.show_table("Success [%], 95 % interval", columns, _results(card), words=3)


def rate_text(rates: Dict[str, CardRate], name: str, interval: bool = False) -> str:
    """A rule's rate [%], with its 95 % interval if asked; a dash where it was not judged."""
    rate = rates.get(name)
    if rate is None or not rate.clips:
        return "-"
    value = f"{100 * rate.successes / rate.clips:.1f}"
    return f"{value} [{100 * rate.low:.1f}, {100 * rate.high:.1f}]" if interval else value


def _wide_rows(card: Card, skills: Sequence[str]) -> List[List[str]]:
    pairs, rows = _by_skill_and_engine(card), []
    for engine in sorted({engine for _, engine in pairs}):
        own = {skill: pairs[skill, engine] for skill in skills if (skill, engine) in pairs}
        for kind, rules in (("plain", ("hot", "strict")), ("perturbed", ("hot", "end"))):
            cells = [" / ".join(_cell(own.get(skill, {}), kind, rule) for rule in rules) for skill in skills]
            cells = ["-" if cell == "- / -" else cell for cell in cells]
            clips = max(_clips(of) for of in own.values())
            rows.append([card.hand, card.object, engine, kind, *cells, str(clips), *_facts(card)])
    return rows


def _by_skill_and_engine(card: Card) -> Dict[Tuple[str, str], Dict[str, CardResult]]:
    pairs: Dict[Tuple[str, str], Dict[str, CardResult]] = {}
    for result in card.results:
        kind = "perturbed" if result.noise else "plain"
        pairs.setdefault((result.skill, result.engine), {})[kind] = result
    return pairs


def _facts(card: Card) -> List[str]:
    return [f"{card.samples / 1e6:.1f}", _minutes(card.seconds)]


def _rows(card: Card) -> List[List[str]]:
    facts, pairs = _facts(card), _by_skill_and_engine(card)
    if not pairs:
        return [[card.hand, card.object, console.names(card.skills), "-", *["-"] * len(_COLUMNS), "-", *facts]]
    return [
        [card.hand, card.object, *pair, *[_cell(of, *column) for column in _COLUMNS.values()], str(_clips(of)), *facts]
        for pair, of in sorted(pairs.items())
    ]


def _cell(of: Dict[str, CardResult], kind: str, rule: str) -> str:
    return rate_text(of[kind].rates, rule) if kind in of else "-"


def _clips(of: Dict[str, CardResult]) -> int:
    return max(rate.clips for result in of.values() for rate in result.rates.values())


def _minutes(seconds: Optional[float]) -> str:
    return "-" if seconds is None else f"{seconds / 60:.1f}"


def _results(card: Card) -> List[List[str]]:
    rows = []
    for result in card.results:
        parts = {"all": result.rates, **(result.poses if len(result.poses) > 1 else {})}
        for pose, rates in parts.items():
            clips = str(max(rate.clips for rate in rates.values()))
            cells = [rate_text(rates, rule, interval=True) for rule in _RULES]
            rows.append([result.engine, result.skill, pose, f"{result.noise:g}", clips, *cells])
    return rows
