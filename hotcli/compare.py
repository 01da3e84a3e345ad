"""``hot train compare``: which choice trains the better policy, in the same time, from the same clips."""

from __future__ import annotations

import itertools
import json
import re
import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Tuple

import typer
from typing_extensions import Annotated

from hot.errors import ConfigError
from hotcli import card_results, choices, clips, console, lanes, options, policy_table, progress
from hotcli.trials import Series, Trial

if TYPE_CHECKING:
    from hot.policies import CardResult

_OF_DATA = ("synthesis", "grasp", "resting", "hand", "object", "skills", "evaluation", "seed")
"""Preset sections that change the clips or the judgement, not the training."""
_RULES = {0.0: ("hot", "strict"), card_results.NOISES[-1]: ("hot", "end")}
"""Rules that count at each noise."""


def compare(  # noqa: PLR0913  a command's parameters are its options
    vary: Annotated[
        List[str],
        typer.Option("--vary", metavar="KEY=V1,V2", help="A preset value and what to try; repeat it for combinations."),
    ],
    minutes: Annotated[
        str,
        typer.Option("--minutes", metavar="M[,M...]", help="Training time of each policy; 1,5 trains stage 1, then 2."),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder of the runs and the table; finished runs are kept.")],
    hand: options.HandOption = None,
    object_: options.ObjectOption = None,
    skill: options.SkillOption = None,
    stage: options.StageOption = None,
    start: Annotated[Optional[Path], typer.Option("--from", help="Run from which each training starts.")] = None,
    seeds: Annotated[str, typer.Option("--seeds", help="Seeds of training, by commas.")] = "1,2,3",
    count: options.ClipsOption = None,
    engine: options.EngineOption = None,
    num_envs: options.NumEnvsOption = None,
    jobs: Annotated[
        int, typer.Option("--jobs", min=1, help="Trainings at once, spread over the GPUs; each logs into --out.")
    ] = 1,
    set_: options.SetOption = None,
) -> None:
    """Train every combination of values for the same time and judge each; writes table.md and table.json."""
    trials, times = _trials(vary, seeds), _times(minutes, stage, start)
    preset = choices.make_preset(hand, object_, max(times), options.split_names(skill), choices.engine_of(engine))
    series = Series(preset, times, tuple(set_ or ()), num_envs, start, count, out, jobs)
    rows: List[Tuple[Trial, List[CardResult]]] = []
    if jobs == 1:
        for number, trial in enumerate(trials, 1):
            console.note(f"{number} of {len(trials)}: {trial.choice}, seed {trial.seed}")
            rows.append((trial, series.run(trial)))
    else:
        varied = [series.preset_of(trial) for trial in trials]  # a wrong value ends this before any lane begins
        with progress.drawn() as listener:
            clips.kept(*choices.load_specs(preset), varied[0], listener)
        lanes.side_by_side(series.run, [(trial,) for trial in trials], [out / f"{t.folder}.log" for t in trials], jobs)
        rows = [(trial, series.results(trial)) for trial in trials]
    _tell(rows, out)


def _times(minutes: str, stage: Optional[int], start: Optional[Path]) -> Dict[int, float]:
    """Minutes of each stage that is trained: of one stage, or of all from the first."""
    hint = "--minutes"
    try:
        numbers = [float(number) for number in options.split_names([minutes])]
    except ValueError:
        raise typer.BadParameter(f"'{minutes}' is not a list of numbers", param_hint=hint) from None
    if len(numbers) == 1:
        return {stage or 1: numbers[0]}
    if not numbers or (stage or len(numbers)) != len(numbers):
        raise typer.BadParameter(
            f"'{minutes}' must give one stage's time, or each stage's up to --stage", param_hint=hint
        )
    if start is not None:
        raise typer.BadParameter("with times of several stages the first one starts fresh", param_hint="--from")
    return dict(enumerate(numbers, 1))


def _trials(vary: Sequence[str], seeds: str) -> List[Trial]:
    varied = []
    for key, values in options.assignments(list(vary)).items():
        if key.split(".")[0] in _OF_DATA:
            raise ConfigError(f"--vary {key}: all trainings share their clips and judgement; vary how they learn")
        varied.append([(key, value) for value in _values(values)])
    numbers = options.split_names([seeds])
    if not numbers or not all(number.isdigit() for number in numbers):
        raise typer.BadParameter(f"'{seeds}' is not a list of whole numbers", param_hint="--seeds")
    return [Trial(values, int(seed)) for values in itertools.product(*varied) for seed in numbers]


def _values(text: str) -> List[str]:
    """Values between commas that are not within brackets."""
    return [value.strip() for value in re.split(r",(?![^\[]*\])", text) if value.strip()]


def _tell(rows: Sequence[Tuple[Trial, List[CardResult]]], out: Path) -> None:
    """Write and print the table: mean and spread over seeds of each choice, the best mean of a column in bold."""
    from hot.writing import write_atomically

    table = summarised(rows)
    text = markdown(table)
    for name, content in (("table.md", text), ("table.json", json.dumps(table, indent=2))):
        with write_atomically(out / name) as temporary:
            temporary.write_text(f"{content}\n", encoding="utf-8")
    console.show(text)
    console.note(f"Written: {out / 'table.md'}, {out / 'table.json'}")


def summarised(rows: Sequence[Tuple[Trial, List[CardResult]]]) -> List[Dict[str, Any]]:
    """For each choice and column: the rates [%] by seed, their mean, and their standard deviation."""
    cells: Dict[str, Dict[str, Dict[str, float]]] = {}
    for trial, results in rows:
        for result in results:
            for rule in _RULES[result.noise]:
                rate = result.rates[rule]
                column = f"{result.skill}, {rule}, noise {result.noise:g}"
                of_seeds = cells.setdefault(trial.choice, {}).setdefault(column, {})
                of_seeds[str(trial.seed)] = 100.0 * rate.successes / rate.clips
    return [
        {"choice": choice, "columns": {column: _spread(by_seed) for column, by_seed in columns.items()}}
        for choice, columns in cells.items()
    ]


def _spread(by_seed: Dict[str, float]) -> Dict[str, Any]:
    rates = list(by_seed.values())
    spread = statistics.stdev(rates) if len(rates) > 1 else None
    return {"mean": statistics.fmean(rates), "spread": spread, "seeds": by_seed}


def markdown(table: Sequence[Dict[str, Any]]) -> str:
    """The table for a page: a line for each choice."""
    columns = list(table[0]["columns"])
    best = {column: max(row["columns"][column]["mean"] for row in table) for column in columns}
    lines = [[row["choice"], *[_cell(row["columns"][column], best[column]) for column in columns]] for row in table]
    return policy_table.markdown_table(["choice", *columns], lines)


def _cell(of: Dict[str, Any], best: float) -> str:
    text = f"{of['mean']:.1f}" + ("" if of["spread"] is None else f" ± {of['spread']:.1f}")
    return f"**{text}**" if of["mean"] == best else text
