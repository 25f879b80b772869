"""The command ``spe1``: thin subcommands over the package."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from spe1_builder import __version__
from spe1_builder.cli.benchmark import benchmark
from spe1_builder.cli.download import Order, download, fetch_cells
from spe1_builder.errors import MissingFileError, OptionError, Spe1Error
from spe1_builder.layout import CHAN_MAP_NAME, METADATA_NAME, SUMMARY_NAME, RawLayout, RootLayout


class _Commands(TyperGroup):
    """The commands; Ctrl-C is answered here, before the framework swallows it."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise typer.Exit(_stopped()) from None


def _stopped() -> int:
    from spe1_builder.cli.console import STOPPED, print_stopped

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

app.add_typer(benchmark, name="benchmark")

Root = Annotated[Path, typer.Option("--root", help="Dataset root: one folder per built cell.")]
RawDir = Annotated[
    Path,
    typer.Option(
        "--raw-dir", help="Raw archive: Recordings/cXX/, chanMap.mat, 'Data Summary.xlsx'."
    ),
]
RootArgument = Annotated[Path, typer.Argument(metavar="ROOT", help="Dataset root.")]
Cells = Annotated[
    list[str],
    typer.Argument(metavar="CELL", help="Cells (c14 c26 ...) or sets (default, zhao)."),
]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"spe1 {__version__}")
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


@app.command()
def demo(
    folder: Annotated[Path, typer.Option("--dir", help="Where the demo writes.")] = Path("demo"),
) -> None:
    """Simulate a small paired recording, build, load, localize it; say where its picture lies."""
    from spe1_builder.cli.demo import run_demo

    run_demo(folder)


@app.command()
def cells(root: Root = Path("spe1"), raw_dir: RawDir = Path(".raw")) -> None:
    """List the 43 cells: what is known of each, and what is here."""
    from spe1_builder.cli.console import print_cells

    print_cells(root, raw_dir)


@app.command()
def simulate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the archive goes.")],
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CELL",
            help="Cells (c14 c26 ...) or sets (default, zhao).",
            show_default="c14",
        ),
    ] = None,
    more_names: Annotated[
        list[str] | None,
        typer.Option("--cells", "-c", help="The same as an option; repeat for several."),
    ] = None,
    duration_s: Annotated[float, typer.Option(help="Length of each recording.")] = 60.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 0,
    spike_file: Annotated[
        bool, typer.Option(metavar="", help="Write cXX_wc_spike_samples.npy.")
    ] = True,
    overwrite: Annotated[
        bool, typer.Option(metavar="", help="Replace cells that are there.")
    ] = False,
) -> None:
    """Write a synthetic SPE-1 archive: files, names and dtypes as the real one, truth beside it."""
    from spe1_builder.cells import expand_cells
    from spe1_builder.cli.console import plural
    from spe1_builder.progress import Bars
    from spe1_builder.source.simulation.archive import SimulationOptions, simulate_archive

    options = SimulationOptions(duration_s=duration_s, seed=seed, write_spike_file=spike_file)
    cell_ids = expand_cells([*(names or []), *(more_names or [])] or ["c14"])
    truths = simulate_archive(folder, cell_ids, options, progress=Bars(), overwrite=overwrite)
    count = plural(len(truths), "simulated cell")
    typer.echo(f"{count} in {folder}; the truth in {folder / 'truth'}")


app.command()(download)


@app.command()
def build(
    names: Cells,
    raw_dir: RawDir = Path(".raw"),
    root: Root = Path("spe1"),
    chan_map: Annotated[Path | None, typer.Option(help="chanMap.mat, if elsewhere.")] = None,
    summary: Annotated[Path | None, typer.Option(help="Data Summary.xlsx, if elsewhere.")] = None,
    recordings: Annotated[Path | None, typer.Option(help="Recordings/, if elsewhere.")] = None,
    skip_seconds: Annotated[float, typer.Option(help="Settling period to leave out.")] = 10.0,
    duration_s: Annotated[float, typer.Option(help="Longest analysis window.")] = 300.0,
    segment_duration_s: Annotated[float, typer.Option(help="One row.")] = 3.0,
    train_fraction: Annotated[float, typer.Option(help="Share of the segments in train.")] = 0.8,
    ms_before: Annotated[float, typer.Option(help="Template window before the spike.")] = 1.0,
    ms_after: Annotated[float, typer.Option(help="Template window after the spike.")] = 2.0,
    spike_source: Annotated[str, typer.Option(help="auto, file or detect.")] = "auto",
    engine: Annotated[str, typer.Option(help="fast, or reference (SpikeInterface).")] = "fast",
    bad_channel_chunks: Annotated[int, typer.Option(help="Chunks that detection looks at.")] = 100,
    bad_channel_seed: Annotated[int, typer.Option(help="Which chunks.")] = 0,
    threads: Annotated[int | None, typer.Option(help="Default: all processors, at most 3.")] = None,
    force: Annotated[
        bool, typer.Option("--force", metavar="", help="Build again what is there.")
    ] = False,
    download: Annotated[
        bool, typer.Option("--download", metavar="", help="First fetch what is not in --raw-dir.")
    ] = False,
) -> None:
    """Build cells into Arrow datasets; exit status 1 if any fails."""
    from spe1_builder.cells import expand_cells
    from spe1_builder.cli.console import STOPPED, build_cells
    from spe1_builder.dataset.plan.inputs import Sources
    from spe1_builder.dataset.plan.options import BuildOptions

    options = BuildOptions(
        skip_seconds=skip_seconds,
        duration_s=duration_s,
        segment_duration_s=segment_duration_s,
        train_fraction=train_fraction,
        ms_before=ms_before,
        ms_after=ms_after,
        spike_source=spike_source,
        engine=engine,
        bad_channel_chunks=bad_channel_chunks,
        bad_channel_seed=bad_channel_seed,
    )
    cell_ids = expand_cells(names)
    if download and recordings is not None:
        do = "leave --recordings out, or --download"
        raise OptionError("A download goes to --raw-dir, not to --recordings.", do=do)
    if download and fetch_cells(Order(cell_ids, raw_dir, root, window_s=duration_s)) == STOPPED:
        raise typer.Exit(STOPPED)
    if chan_map is None or summary is None or recordings is None:
        _require_archive(raw_dir)
    sources = Sources(raw_dir, chan_map, summary, recordings)
    raise typer.Exit(build_cells(cell_ids, sources, root, options, n_threads=threads, force=force))


@app.command()
def verify(
    root: RootArgument = Path("spe1"),
    names: Annotated[
        list[str] | None, typer.Argument(metavar="CELL", help="Default: all present.")
    ] = None,
) -> None:
    """Open everything that was written and check it; one line per finding, exit status 1 if any."""
    from spe1_builder.cells import expand_cells
    from spe1_builder.cli.console import plural
    from spe1_builder.dataset.metadata import ConversionMetadata, read_model
    from spe1_builder.dataset.verify import verify_root
    from spe1_builder.progress import Bars

    _require_root(root, "verify")
    layout = RootLayout(root)
    cell_ids = expand_cells(names) if names else layout.built_cells()
    findings = verify_root(root, cell_ids if names else None, progress=Bars())
    for finding in findings:
        typer.echo(f"{finding.where}: {finding.what}")
    if findings:
        raise typer.Exit(1)
    found = [read_model(layout.cell(name) / METADATA_NAME, ConversionMetadata) for name in cell_ids]
    n_rows = sum(split.rows for metadata in found for split in metadata.splits.values())
    counts = f"{plural(len(found), 'cell')}, {plural(n_rows, 'row')}"
    typer.echo(f"{root}: {counts} checked, no finding")


@app.command()
def card(root: RootArgument = Path("spe1")) -> None:
    """Write the dataset card again from the cells that are present."""
    from spe1_builder.dataset.card.card import write_card

    _require_root(root, "card")
    if not RootLayout(root).built_cells():
        do = f"build one: spe1 build c14 --raw-dir .raw --root {root}"
        raise MissingFileError("No cell has been built here.", where=root, do=do)
    typer.echo(write_card(root))


def _require_root(root: Path, command: str) -> None:
    """Refuse what is no dataset root before a command works on it.

    Raises
    ------
    MissingFileError
        There is no such folder.
    OptionError
        The folder is a cell.
    """
    from spe1_builder.cells import CELL_SETS, catalogue

    if root.is_dir():
        if (root / METADATA_NAME).is_file():
            cell = f" {root.name}" if command == "verify" else ""
            raise OptionError(
                "That is a cell, not a dataset root.",
                where=root,
                expected="the folder that holds the cells' folders",
                do=f"spe1 {command} {root.parent}{cell}",
            )
        return
    do = "name the folder that 'spe1 build --root' wrote, or build a cell first"
    if command == "verify" and (str(root) in catalogue() or str(root) in CELL_SETS):
        do = f"the root comes first: spe1 verify spe1 {root}"
    what = "is no folder" if root.exists() else "is not there"
    raise MissingFileError(f"The dataset root {what}.", where=root, do=do)


def _require_archive(raw_dir: Path) -> None:
    """Refuse a raw folder that is not there, or that is a part of the archive.

    Raises
    ------
    MissingFileError
    """
    if not raw_dir.is_dir():
        raise MissingFileError(
            f"The raw folder {raw_dir} {'is no folder' if raw_dir.exists() else 'does not exist'}.",
            where=raw_dir.absolute(),
            expected=f"Recordings/cXX/, {CHAN_MAP_NAME} and {SUMMARY_NAME!r}",
            do=f"name it with --raw-dir, fetch it: spe1 download c14 --raw-dir {raw_dir}, "
            f"or make some: spe1 simulate {raw_dir}",
        )
    if RawLayout(raw_dir).recordings.is_dir():
        return
    by_name = Path(os.path.abspath(raw_dir))  # noqa: PTH100 - links are not followed
    for parent in list(by_name.parents)[:2]:
        layout = RawLayout(parent)
        if layout.recordings.is_dir() and (layout.summary.is_file() or layout.chan_map.is_file()):
            raise MissingFileError(
                f"The raw folder {raw_dir} is a part of the archive: did you mean its parent?",
                where=raw_dir.absolute(),
                expected=f"Recordings/cXX/, {CHAN_MAP_NAME} and {SUMMARY_NAME!r}",
                do=f"--raw-dir {parent}",
            )


def main() -> None:
    """Entry point: expected errors become a message and exit status 1, not a traceback."""
    from spe1_builder.cli.console import print_error

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
