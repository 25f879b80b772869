"""The command ``spe1``: its subcommands, one module each, and what becomes of an error."""

from __future__ import annotations

import io
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from spe1_builder import __version__
from spe1_builder.cli.benchmark import benchmark
from spe1_builder.cli.build import build
from spe1_builder.cli.card import card
from spe1_builder.cli.cells import cells
from spe1_builder.cli.console import STOPPED, print_error, print_stopped, say
from spe1_builder.cli.demo import demo
from spe1_builder.cli.download import download
from spe1_builder.cli.simulate import simulate
from spe1_builder.cli.verify import verify
from spe1_builder.errors import Spe1Error


class _Commands(TyperGroup):
    """The commands; Ctrl-C is answered here, before the framework swallows it."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise typer.Exit(_stopped()) from None


def _stopped() -> int:
    print_stopped("spe1")
    return STOPPED


app = typer.Typer(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="SPE-1 paired patch-clamp and Neuropixels recordings as Hugging Face datasets.",
)

#: In the order of the help. One module a command: to add one, write it and name it here.
for _command in (demo, cells, simulate, download, build, verify, card):
    app.command()(_command)
app.add_typer(benchmark, name="benchmark")


def _print_version(wanted: bool) -> None:
    if wanted:
        say(f"spe1 {__version__}")
        raise typer.Exit


@app.callback()
def spe1(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            metavar="",
            callback=_print_version,
            is_eager=True,
            help="Show the version and exit.",
        ),
    ] = False,
) -> None:
    """SPE-1 paired patch-clamp and Neuropixels recordings as Hugging Face datasets."""


def main() -> None:
    """Entry point: expected errors become a message and exit status 1, not a traceback."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that knows no "µ" gets a "?".
        sys.stdout.reconfigure(errors="replace")
    try:
        app()
    except Spe1Error as error:
        print_error("spe1", error)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(_stopped())
