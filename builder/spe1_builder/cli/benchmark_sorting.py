"""``spe1 benchmark sorting``: any sorter, and any sorter's output."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from spe1_builder.cli.arguments import (
    CELLS_HELP,
    AllowMissing,
    MarkdownFile,
    OverFuller,
    Plots,
    Root,
    as_local,
)
from spe1_builder.cli.benchmark import spread
from spe1_builder.cli.benchmark_files import Places, check_places
from spe1_builder.cli.benchmark_tables import print_table, say_wrapped
from spe1_builder.cli.console import console_width, say, this_screen, warn
from spe1_builder.cli.roots import alone_in
from spe1_builder.errors import StaleOutputError
from spe1_builder.layout import SORTING_BENCHMARK_NAME, RootLayout
from spe1_builder.progress import Bars

if TYPE_CHECKING:
    from spe1_builder.benchmark.sorting.schema import SortingBenchmark

#: Columns that a narrow terminal can do without, the first to go the highest.
_RANKS = {
    "note": 9,
    "chance": 8,
    "test": 7,
    "at 1 ms": 6,
    "median": 6,
    "without a lag": 6,
    "cpu s": 5,
    "duplicates": 5,
    "SNR": 4,
    "accuracy, all": 3,
}
#: Where the output is no terminal.
_WIDTH = 80


class SortingCommand(TyperCommand):
    """``--cells c14 c45``: several values after one flag."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, spread(args, ("--cells", "--sorters")))


def sorting(
    cells: Annotated[
        list[str] | None,
        typer.Option(
            "--cells",
            metavar="CELL...",
            help=f"{CELLS_HELP} Default: the paper's that are in the root.",
        ),
    ] = None,
    sorters: Annotated[
        list[str] | None,
        typer.Option(
            "--sorters",
            metavar="SORTER...",
            help="threshold (the floor) and matched_filter (the ceiling), which are the default; "
            "others if they are installed: see docs/sorters.md.",
        ),
    ] = None,
    root: Root = Path("spe1"),
    sorting_path: Annotated[
        str | None,
        typer.Option(
            "--sorting",
            metavar="PATH",
            help="What a sorter has written; {cell} in it stands for the cell's id.",
        ),
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", help="What wrote --sorting; default: found out.")
    ] = None,
    unit: Annotated[
        str | None,
        typer.Option("--unit", help="Of the times in --sorting: samples, s, ms."),
    ] = None,
    clock: Annotated[
        str | None,
        typer.Option("--clock", help="What the times in --sorting count from."),
    ] = None,
    trust_pickle: Annotated[
        bool,
        typer.Option("--trust-pickle", metavar="", help="Open pickles, which can run any program."),
    ] = False,
    channels: Annotated[
        int, typer.Option(help="32, 96 or 384: the nearest to the ground-truth electrode.")
    ] = 384,
    repeats: Annotated[int, typer.Option(help="Runs of each sorter whose equal runs differ.")] = 1,
    raw_dir: Annotated[
        Path | None,
        typer.Option(
            "--raw-dir",
            callback=as_local,
            help="Raw archive of simulated cells: it knows the other neurons' spikes.",
        ),
    ] = None,
    python: Annotated[
        Path | None,
        typer.Option(
            "--python", callback=as_local, help="Interpreter of another environment with sorters."
        ),
    ] = None,
    memory_gb: Annotated[
        float, typer.Option(help="Memory of one sorter's processes; beyond, it is ended.")
    ] = 8.0,
    timeout_s: Annotated[
        float, typer.Option(help="Seconds of one sorter on one cell; beyond, it is ended.")
    ] = 3600.0,
    again: Annotated[
        bool, typer.Option("--again", metavar="", help="Run sorters again that are kept.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", callback=as_local, help=f"The JSON; default: ROOT/{SORTING_BENCHMARK_NAME}."
        ),
    ] = None,
    plots: Plots = None,
    markdown: MarkdownFile = None,
    allow_missing: AllowMissing = False,
    force: OverFuller = False,
) -> None:
    """Spike sorters, or what one has written, against the patched neuron.

    Exit status 1 if a cell or a sorter that was asked for could not be done.
    """
    from spe1_builder.runs.benchmark_sorting import benchmark_sorting

    places = check_places(root, output or root / SORTING_BENCHMARK_NAME, plots, markdown)
    chosen = [name for text in sorters or () for name in text.split(",") if name]
    result = benchmark_sorting(
        root,
        cells or None,
        Bars(),
        sorting=sorting_path,
        unit=unit,
        kind=kind,
        clock=clock,
        trust_pickle=trust_pickle,
        channels=channels,
        repeats=repeats,
        raw_dir=raw_dir,
        python=python,
        memory_gb=memory_gb,
        timeout_s=timeout_s,
        again=again,
        **({"sorters": tuple(chosen)} if chosen else {}),
    )
    _print(result)
    this_screen().results.append(result.model_dump(mode="json"))
    for line in result.undone:
        warn(f"not done: {line}")
    if not force:
        _keep_fuller(places.target, result)
    _write(root, result, places)
    if result.undone and not allow_missing:
        raise typer.Exit(1)


def _print(result: SortingBenchmark) -> None:
    from spe1_builder.benchmark.sorting.tables import tables

    width = console_width(_WIDTH)
    say_wrapped(f"Sorting benchmark of {result.counted}: {result.provenance.label}.", width)
    for table in tables(result):
        say("")
        print_table(table, _RANKS, width)


def _keep_fuller(target: Path, result: SortingBenchmark) -> None:
    """Refuse to overwrite a result of cells or sorters that this one has not."""
    from spe1_builder.benchmark.sorting.schema import read_sorting_benchmark

    if not target.exists():
        return

    def pairs(one: SortingBenchmark) -> set[tuple[str, str]]:
        return {(cell.cell_id, run.sorter) for cell in one.scored for run in cell.sorters}

    lost = pairs(read_sorting_benchmark(target)) - pairs(result)
    if lost:
        raise StaleOutputError(
            "The result that is there has more in it, which would be lost.",
            where=target,
            got=", ".join(sorted(f"{sorter} on {cell}" for cell, sorter in lost)),
            do="ask for these too (what was run is kept), name another file (--output), or "
            "overwrite it (--force)",
        )


def _write(root: Path, result: SortingBenchmark, places: Places) -> None:
    """The JSON; the Markdown and the figures, if asked for."""
    from spe1_builder.benchmark.sorting.report import write_sorting_report
    from spe1_builder.benchmark.sorting.schema import write_sorting_benchmark
    from spe1_builder.benchmark.sorting.tables import markdown
    from spe1_builder.dataset.card.root_files import has_our_card, write_card
    from spe1_builder.disk.atomic import write_text
    from spe1_builder.disk.os_errors import translated_os_errors

    with translated_os_errors(
        places.target.parent,
        full="The disk is full; the result is incomplete.",
        do_full="free some room or name other places (--output, --plots), then run again",
        do_access="make that folder writable, or name other places (--output, --plots)",
    ):
        if places.target.parent.resolve() == root.resolve():
            with alone_in(root, "benchmark"):
                write_sorting_benchmark(places.target, result)
            if places.target.name == SORTING_BENCHMARK_NAME and has_our_card(RootLayout(root)):
                write_card(root)  # and the index of hashes
        else:
            write_sorting_benchmark(places.target, result)
        say(f"result: {places.target}")
        if places.markdown is not None:
            write_text(places.markdown, markdown(result))
            say(f"tables: {places.markdown}")
        if places.plots is not None:
            for path in write_sorting_report(places.plots, result, root):
                say(f"report: {path}")
