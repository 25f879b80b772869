"""``spe1 benchmark localization`` and ``scripts/reproduce_zhao2026.py``: one command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from spe1_builder.cli.console import say
from spe1_builder.errors import MissingFileError, OptionError
from spe1_builder.layout import BENCHMARK_NAME, RootLayout
from spe1_builder.progress import Bars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spe1_builder.benchmark.localization.options import BenchmarkOptions


_METHODS_HELP = "default: all."


class _Lists(TyperCommand):
    """``--cells c14 c45`` as the public script takes it: several values after one flag."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, spread(args, ("--cells", "--methods")))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The methods are looked up only here: other commands need not load them."""
        from spe1_builder.benchmark.localization.methods.registry import METHODS

        for option in self.params:
            if option.name == "methods":
                shorts = ", ".join(method.short for method in METHODS.values())
                option.help = f"{shorts}; {_METHODS_HELP}"  # type: ignore[attr-defined]
        super().format_help(ctx, formatter)


def spread(args: list[str], flags: tuple[str, ...]) -> list[str]:
    """Repeat a flag before each of the values that follow it.

    >>> spread(["--cells", "c14", "c45", "--root", "x"], ("--cells",))
    ['--cells', 'c14', '--cells', 'c45', '--root', 'x']
    """
    out: list[str] = []
    flag = None
    for arg in args:
        if arg.startswith("-"):
            flag = arg if arg in flags else None
            if flag is None:
                out.append(arg)
        elif flag is None:
            out.append(arg)
        else:
            out += [flag, arg]
    return out


benchmark = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@benchmark.callback()
def _group() -> None:
    """Score methods against the electrode that stood at the patched neuron."""


@benchmark.command(cls=_Lists)
def localization(
    cells: Annotated[
        list[str] | None,
        typer.Option(
            "--cells",
            metavar="CELL...",
            help="Cells or sets (default, zhao); default: the paper's that are in the root.",
        ),
    ] = None,
    with_spikes: Annotated[
        bool, typer.Option("--with-spikes", metavar="", help="Also localize every spike (slower).")
    ] = False,
    root: Annotated[Path, typer.Option("--root", help="Dataset root.")] = Path("spe1"),
    output: Annotated[
        Path | None,
        typer.Option("--output", help=f"The JSON; default: ROOT/{BENCHMARK_NAME}."),
    ] = None,
    methods: Annotated[
        list[str] | None,
        typer.Option("--methods", metavar="METHOD...", help=_METHODS_HELP),
    ] = None,
    masking: Annotated[
        str,
        typer.Option(
            help="corrected; or as-published, which adds what the authors' code computed.",
        ),
    ] = "corrected",
    tolerance_um: Annotated[float, typer.Option(help="Right is strictly nearer than this.")] = 50.0,
    degradation: Annotated[
        bool,
        typer.Option(
            "--degradation", metavar="", help="Figure 4: electrodes die (needs --raw-dir)."
        ),
    ] = False,
    grid_search: Annotated[
        bool,
        typer.Option("--grid-search", metavar="", help="Figure 5: parameters (needs --raw-dir)."),
    ] = False,
    raw_dir: Annotated[Path, typer.Option("--raw-dir", help="Raw archive.")] = Path(".raw"),
    seeds: Annotated[int, typer.Option(help="Orders in which electrodes die.")] = 5,
    engine: Annotated[str, typer.Option(help="fast, or spikeinterface (the reference).")] = "fast",
    n_jobs: Annotated[int, typer.Option("--n-jobs", help="Threads; the numbers are the same.")] = 1,
    plots: Annotated[
        Path | None,
        typer.Option(help="Folder for the figures (PNG, SVG) and the report (report.html)."),
    ] = None,
) -> None:
    """Center of mass, monopolar triangulation and grid convolution, as Zhao et al. 2026."""
    from spe1_builder.benchmark.localization.options import BenchmarkOptions

    options = BenchmarkOptions(
        methods=tuple(methods or ()),
        masking=masking,  # type: ignore[arg-type]
        with_spikes=with_spikes,
        tolerance_um=tolerance_um,
        degradation=degradation,
        grid_search=grid_search,
        seeds=tuple(range(seeds)),
        raw_dir=raw_dir,
        engine=engine,  # type: ignore[arg-type]
        n_jobs=n_jobs,
    )
    _run(root, cells or [], options, output, plots)


def _run(
    root: Path,
    names: Sequence[str],
    options: BenchmarkOptions,
    output: Path | None,
    plots: Path | None,
) -> None:
    """Score, print the tables, write the JSON, and the figures if asked for.

    Raises
    ------
    Spe1Error
        The root or the output folder is not there, or not one cell could be scored.
    """
    from spe1_builder.benchmark.localization.report import write_report
    from spe1_builder.benchmark.localization.run import choose_cells, run_benchmark
    from spe1_builder.benchmark.localization.schema import write_benchmark
    from spe1_builder.benchmark.localization.tables import markdown
    from spe1_builder.dataset.card.root_files import has_our_card, write_card
    from spe1_builder.disk.os_errors import translated_os_errors

    target = _check_places(root, output, plots)
    cell_ids = choose_cells(names, root)
    result = run_benchmark(root, cell_ids, options, Bars())
    say(markdown(result))
    with translated_os_errors(
        target.parent,
        full="The disk is full; the result was not written.",
        do_full="free some room or name another place (--output), then run again",
        do_access="make that folder writable, or name another place (--output)",
    ):
        write_benchmark(target, result)
        layout = RootLayout(root)
        if target.resolve() == layout.benchmark.resolve() and has_our_card(layout):
            write_card(root)
    say(f"result: {target}")
    if plots is not None:
        with translated_os_errors(
            plots,
            full="The disk is full; the figures are incomplete.",
            do_full="free some room or name another folder (--plots), then run again",
            do_access="make that folder writable, or name another (--plots)",
        ):
            for path in write_report(plots, result):
                say(f"report: {path}")


def _check_places(root: Path, output: Path | None, plots: Path | None) -> Path:
    """Refuse, before the work, what cannot be read or written; returns the JSON's place.

    Raises
    ------
    MissingFileError
        The root, or the folder of the output, is not there.
    OptionError
        The place for the figures is a file.
    """
    if not root.is_dir():
        raise MissingFileError(
            "The dataset root is not there.",
            where=root.absolute(),
            do="name it with --root, or build one: spe1 build zhao --raw-dir .raw --root spe1",
        )
    if plots is not None and plots.exists() and not plots.is_dir():
        raise OptionError(
            "The place for the figures is not a folder.",
            where=plots.absolute(),
            do="name a folder with --plots; it is made if it is not there",
        )
    target = output if output is not None else root / BENCHMARK_NAME
    if not target.parent.is_dir() or target.is_dir():
        raise MissingFileError(
            "The result cannot be written there.",
            where=target.absolute(),
            expected="a file in a folder that exists",
            do="make the folder, or name another file with --output",
        )
    return target
