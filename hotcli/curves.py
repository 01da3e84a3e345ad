"""``hot curves``: how runs learnt, as a picture."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, Dict, List

import typer
from typing_extensions import Annotated

from hot.errors import BadFileError, MissingDependencyError
from hotcli import console

_FIGURES = {"track/reward": "reward", "track/completed": "episodes completed", "track/object_cm": "object error [cm]"}
_ACROSS = {"perf/samples": ("samples [M]", 1e6), "perf/seconds": ("minutes", 60.0)}

Curve = Dict[str, List[float]]
"""Columns of a learning curve."""


def curves(
    runs: Annotated[List[Path], typer.Argument(help="Runs to draw.")],
    out: Annotated[Path, typer.Option("--out", help="The picture: .png, .svg or .pdf.")] = Path("curves.png"),
) -> None:
    """Draw reward, completed episodes and object error of runs against samples and minutes."""
    from hot.runs import Run

    figure = draw({Run.open(path).path.name: read(Run.open(path).metrics_path) for path in runs})
    _save(figure, out)
    console.show(str(out))


def read(path: Path) -> Curve:
    """The columns of a run's learning curve that are drawn.

    Raises:
        BadFileError: missing, without a row, or without a column that is drawn.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        names = [*_ACROSS, *_FIGURES]
        curve = {name: [float(row[name]) for row in rows] for name in names}
    except (OSError, UnicodeDecodeError) as error:
        raise BadFileError(path, f"cannot be read ({error}); training writes it epoch by epoch") from error
    except (KeyError, ValueError, TypeError) as error:
        raise BadFileError(path, f"is no learning curve ({error})") from error
    if not rows:
        raise BadFileError(path, "holds no epoch yet")
    return curve


def draw(by_name: Dict[str, Curve]) -> Any:
    """A matplotlib figure: a row for each figure, a column for samples and for minutes.

    Raises:
        MissingDependencyError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingDependencyError("curves need matplotlib: pip install 'hand-object-tracking[plots]'") from error
    figure = Figure(figsize=(9.0, 7.5), layout="constrained")
    panes = figure.subplots(len(_FIGURES), len(_ACROSS), sharex="col", sharey="row")
    for row, (name, label) in zip(panes, _FIGURES.items()):
        row[0].set_ylabel(label)
        for pane, (across, (_, unit)) in zip(row, _ACROSS.items()):
            pane.grid(alpha=0.3)
            for run, curve in by_name.items():
                pane.plot([value / unit for value in curve[across]], curve[name], label=run, linewidth=1.2)
    for pane, (label, _) in zip(panes[-1], _ACROSS.values()):
        pane.set_xlabel(label)
    panes[0][0].legend(fontsize="small")
    return figure


def _save(figure: Any, out: Path) -> None:
    from hot.writing import write_atomically

    known = (".png", ".svg", ".pdf")
    if out.suffix.lower() not in known:
        raise BadFileError(out, f"is no picture that can be drawn; known endings: {', '.join(known)}")
    with write_atomically(out) as temporary:
        figure.savefig(temporary, dpi=130)
