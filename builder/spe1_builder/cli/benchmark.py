"""``spe1 benchmark localization`` and ``scripts/reproduce_zhao2026.py``: one command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from spe1_builder.cli.answer import answering
from spe1_builder.cli.arguments import (
    CELLS_HELP,
    AllowMissing,
    MarkdownFile,
    OverFuller,
    Plots,
    RawDir,
    Root,
    as_local,
)
from spe1_builder.cli.benchmark_files import (
    Places,
    check_places,
    keep_fuller,
    write_named,
    write_result,
)
from spe1_builder.cli.benchmark_tables import print_result
from spe1_builder.cli.cluster import takes_cluster
from spe1_builder.cli.cluster_screen import watched
from spe1_builder.cli.console import this_screen, warn
from spe1_builder.errors import OptionError, StaleOutputError
from spe1_builder.layout import BENCHMARK_NAME
from spe1_builder.progress import Bars
from spe1_builder.runs.clusters.spec import ClusterSpec

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
    """Score localization methods, or spike sorters, against the patched neuron."""


@takes_cluster
def localization(
    cells: Annotated[
        list[str] | None,
        typer.Option(
            "--cells",
            metavar="CELL...",
            help=f"{CELLS_HELP} Default: the paper's that are in the root.",
        ),
    ] = None,
    with_spikes: Annotated[
        bool, typer.Option("--with-spikes", metavar="", help="Also localize every spike (slower).")
    ] = False,
    root: Root = Path("spe1"),
    on: Annotated[
        str,
        typer.Option(
            help="root: built cells; scraps: the digitised templates of 21 real neurons that come "
            "with the package."
        ),
    ] = "root",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", callback=as_local, help=f"The JSON; default: ROOT/{BENCHMARK_NAME}."
        ),
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
    align: Annotated[
        str,
        typer.Option(help="patch; or trough: windows around the template's trough."),
    ] = "patch",
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
    raw_dir: RawDir = Path(".raw"),
    seeds: Annotated[int, typer.Option(help="Orders in which electrodes die.")] = 5,
    engine: Annotated[str, typer.Option(help="fast, or spikeinterface (the reference).")] = "fast",
    n_jobs: Annotated[int, typer.Option("--n-jobs", help="Threads; the numbers are the same.")] = 1,
    plots: Plots = None,
    markdown: MarkdownFile = None,
    allow_missing: AllowMissing = False,
    force: OverFuller = False,
    cluster: ClusterSpec | None = None,
) -> None:
    """Center of mass, monopolar triangulation and grid convolution; point source.

    Exit status 1 if a cell or a part that was asked for could not be done.
    """
    from spe1_builder.benchmark.localization.options import BenchmarkOptions

    options = BenchmarkOptions(
        methods=tuple(methods or ()),
        masking=masking,  # type: ignore[arg-type]
        align=align,  # type: ignore[arg-type]
        with_spikes=with_spikes,
        tolerance_um=tolerance_um,
        degradation=degradation,
        grid_search=grid_search,
        seeds=tuple(range(seeds)),
        raw_dir=raw_dir,
        engine=engine,  # type: ignore[arg-type]
        n_jobs=n_jobs,
    )
    if on != "root":
        if cluster is not None:
            raise OptionError("The scraps take a second, here.", do="leave --cluster out")
        # Nothing is written but what is named; that is checked as a root's files are.
        places = check_places(Path(), output, plots, markdown)
        missing = _run_on_scraps(on, cells, options, places, output)
    else:
        places = check_places(root, output, plots, markdown)
        missing = _run(root, cells or [], options, places, force=force, cluster=cluster)
    if missing and not allow_missing:
        raise typer.Exit(1)


benchmark.command(cls=_Lists)(answering(localization, "benchmark localization"))


def _run_on_scraps(
    on: str,
    names: Sequence[str] | None,
    options: BenchmarkOptions,
    places: Places,
    output: Path | None,
) -> list[str]:
    """As `_run`, on templates that need no root; a file is written where one is named."""
    from spe1_builder.runs.benchmark import benchmark

    result = benchmark("localization", cells=names or None, on=on, **vars(options))  # type: ignore[arg-type]
    print_result(result)
    this_screen().results.append(result.model_dump(mode="json"))
    write_named(result, places, output)
    return result.undone


def _run(
    root: Path,
    names: Sequence[str],
    options: BenchmarkOptions,
    places: Places,
    *,
    force: bool,
    cluster: ClusterSpec | None,
) -> list[str]:
    """Score, print the tables, write the JSON, and the figures if asked for.

    Returns
    -------
    list of str
        What was asked for and could not be done.

    Raises
    ------
    Spe1Error
        Not one cell could be scored; or a fuller result would be lost.
    """
    from spe1_builder.benchmark.localization.kept import parts_of, planned_parts
    from spe1_builder.benchmark.localization.plan import make_plan
    from spe1_builder.benchmark.localization.run import choose_cells
    from spe1_builder.runs.benchmark import benchmark
    from spe1_builder.runs.clusters.benchmark import benchmark_in_cluster, n_parts

    target = places.target
    cell_ids = choose_cells(names, root)
    if not force:
        keep_fuller(target, planned_parts(make_plan(options), cell_ids))
    if cluster is None:
        result = benchmark("localization", root, cell_ids, Bars(), **vars(options))
    else:
        with watched(n_parts(cell_ids, options)) as hear:
            result = benchmark_in_cluster(cluster, root, cell_ids, options, listener=hear)
    print_result(result)
    this_screen().results.append(result.model_dump(mode="json"))
    missing = result.undone
    for line in missing:
        warn(f"not done: {line}")
    if not force:
        try:
            keep_fuller(target, parts_of(result))
        except StaleOutputError:
            # What took long to compute is not thrown away, and neither is what is there.
            target = target.with_name(f"{target.stem}.partial{target.suffix}")
            warn(f"{places.target} has more in it and stays (--force overwrites it)")
            missing = missing or [f"{target} does not replace {places.target}"]
    write_result(root, target, result, places)
    return missing
