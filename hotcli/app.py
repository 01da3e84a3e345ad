"""Assembles the commands, in the order of the pipeline, and turns errors into exit codes."""

from __future__ import annotations

import traceback
from typing import Any, List

import typer
from typer.core import TyperGroup
from typing_extensions import Annotated, get_type_hints

from hot import __version__
from hot.errors import HotError
from hotcli import (
    bench,
    compare,
    console,
    curves,
    data,
    distill,
    doctor,
    evaluate,
    export,
    grasps,
    hands,
    isaac,
    migrate,
    objects,
    policies,
    train,
)

_PIPELINE = (
    "hands",
    "objects",
    "grasps",
    "data",
    "train",
    "distill",
    "curves",
    "eval",
    "policies",
    "export",
    "bench",
    "doctor",
    "migrate",
)


class PipelineGroup(TyperGroup):
    """Lists commands in the order in which they are used, and is the one place where errors are caught."""

    def list_commands(self, ctx: Any) -> List[str]:
        """Names in pipeline order; Typer alone lists commands before groups."""
        return list(_PIPELINE)

    def invoke(self, ctx: Any) -> Any:
        """Run a command: exit code 1 and one line for a request that cannot be met, 130 for Ctrl-C."""
        try:
            isaac.import_before_torch(ctx.args)
            return super().invoke(ctx)
        except HotError as error:
            if ctx.params.get("debug"):
                traceback.print_exc()
            console.error(str(error))
            raise typer.Exit(1) from error
        except KeyboardInterrupt as error:
            console.note("Interrupted.")
            raise typer.Exit(130) from error


app = typer.Typer(cls=PipelineGroup, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
app.add_typer(hands.app, name="hands")
app.add_typer(objects.app, name="objects")
app.add_typer(grasps.app, name="grasps")
app.add_typer(data.app, name="data")
train.app.command("compare")(compare.compare)
app.add_typer(train.app, name="train")
app.command("distill")(distill.distill)
app.command("curves")(curves.curves)
app.command("eval")(evaluate.evaluate)
app.add_typer(policies.app, name="policies")
app.add_typer(export.app, name="export")
app.command("bench")(bench.bench)
app.command("doctor")(doctor.doctor)
app.command("migrate")(migrate.migrate)


def _show_version(wanted: bool) -> None:
    if wanted:
        console.show(f"hot {__version__}")
        raise typer.Exit()


@app.callback()
def root(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Learn controllers that make a dexterous hand track hand-object motions, from synthetic clips to a policy."""


def evaluate_annotations(commands: typer.Typer) -> None:
    """Turn annotations from text into types, for all commands and groups below.

    Typer does so itself from Python 3.10 on; before, it takes an option with postponed annotations for a plain one.
    """
    functions = [info.callback for info in commands.registered_commands]
    functions += [commands.registered_callback.callback] if commands.registered_callback else []
    for function in filter(None, functions):
        function.__annotations__ = get_type_hints(function, include_extras=True)
    for group in commands.registered_groups:
        if group.typer_instance is not None:
            evaluate_annotations(group.typer_instance)


evaluate_annotations(app)


def main() -> None:
    """The ``hot`` script."""
    app()
