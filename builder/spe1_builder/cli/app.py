"""The command ``spe1``: its subcommands, one module each, and what becomes of an error."""

from __future__ import annotations

import errno
import io
import os
import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from spe1_builder import __version__
from spe1_builder.cli.answer import answering
from spe1_builder.cli.benchmark import benchmark
from spe1_builder.cli.benchmark_sorting import SortingCommand, sorting
from spe1_builder.cli.build import build
from spe1_builder.cli.card import card
from spe1_builder.cli.cells import cells
from spe1_builder.cli.console import (
    STOPPED,
    Screen,
    print_document,
    print_error,
    print_stopped,
    say,
    write_out,
)
from spe1_builder.cli.demo import demo
from spe1_builder.cli.download import download
from spe1_builder.cli.export import export
from spe1_builder.cli.fetch import fetch
from spe1_builder.cli.info import info
from spe1_builder.cli.publish import publish
from spe1_builder.cli.runs import runs
from spe1_builder.cli.scraps import scraps
from spe1_builder.cli.simulate import simulate
from spe1_builder.cli.spikes import spikes
from spe1_builder.cli.verify import verify
from spe1_builder.errors import OptionError, OutputError, Spe1Error

#: A command line that cannot be understood: as shells' own commands and typer have it.
_MISUSED = 2
_STREAM_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF, errno.EPIPE)
#: The reader of the output is gone: 128 + SIGPIPE.
_UNREAD = 141
#: typer's class of all such errors, wherever the installed release keeps it.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]


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
    pretty_exceptions_enable=False,
    help="SPE-1 paired patch-clamp and Neuropixels recordings as Hugging Face datasets.",
)

#: In the order of the help. One module a command: to add one, write it and name it here.
for _command in (
    *(demo, cells, scraps, simulate, download, build, fetch),
    *(info, spikes, verify, card, export, publish, runs),
):
    app.command()(answering(_command))
benchmark.command(cls=SortingCommand)(answering(sorting, "benchmark sorting"))
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
    """Entry point: expected errors become a message and an exit status, not a traceback."""
    _mend_streams()
    status = _run()
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        status = status or _tell_unwritten(error)
    sys.exit(status)


def _mend_streams() -> None:
    """Standard streams that were closed, or that cannot show every character."""
    if sys.stderr is None:
        # Else a file of ours would get its number, and a library's complaint would go into it.
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - as long as we run
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that knows no "µ" gets a "?".
        sys.stdout.reconfigure(errors="replace")


def _run() -> int:
    """The command's exit status."""
    is_json, is_verbose = "--json" in sys.argv, bool({"-v", "--verbose"} & set(sys.argv))
    try:
        return app(prog_name="spe1", standalone_mode=False) or 0
    except Spe1Error as error:
        print_error("spe1", error)
        if is_verbose:
            traceback.print_exception(error, file=sys.stderr)
        if is_json and not isinstance(error, OutputError):
            _print_failed(error, 1)
        return 1
    except _UsageError as error:
        return _misused(error, is_json=is_json)
    except OSError as error:
        # Of the help, which the framework prints; what has a name is no stream.
        if error.filename is not None or error.errno not in _STREAM_ERRORS:
            raise
        return _tell_unwritten(error)
    except (KeyboardInterrupt, typer.Abort):
        return _stopped()


def _misused(error: Any, *, is_json: bool) -> int:
    """A command line that cannot be understood, in our form."""
    context = error.ctx
    words = "spe1" if context is None else context.command_path
    text = error.format_message()
    if type(error).__name__ == "NoArgsIsHelpError":
        write_out(text)
        return _MISUSED
    told = OptionError(
        text if text.endswith((".", "?", ")")) else f"{text}.", do=f"see {words} --help"
    )
    print_error(words, told)
    if is_json:
        _print_failed(told, _MISUSED, words)
    return _MISUSED


def _print_failed(error: Spe1Error, status: int, words: str = "spe1") -> None:
    screen = Screen(words.removeprefix("spe1").strip(), is_json=True, error=error)
    print_document(screen, status)


def _tell_unwritten(error: OSError) -> int:
    """Output that nobody got: not a word of it at the interpreter's end, but a status."""
    # What is still held back would fail again when the interpreter ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if isinstance(error, BrokenPipeError):
        return _UNREAD
    what = "The result cannot be written to standard output."
    print_error("spe1", OutputError(what, where="standard output", got=error.strerror))
    return 1
