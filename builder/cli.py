"""The command ``spe1``: thin subcommands over the package."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from builder.errors import Spe1Error

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="SPE-1 paired patch-clamp and Neuropixels recordings as Hugging Face datasets.",
)

Root = Annotated[Path, typer.Option("--root", help="Dataset root: one folder per built cell.")]
RawDir = Annotated[
    Path,
    typer.Option(
        "--raw-dir", help="Raw archive: Recordings/cXX/, chanMap.mat, 'Data Summary.xlsx'."
    ),
]
Cells = Annotated[list[str], typer.Argument(help="Cells (c14 c26 ...) or sets (default, zhao).")]


@app.command()
def demo(
    folder: Annotated[Path, typer.Option("--dir", help="Where the demo writes.")] = Path("demo"),
) -> None:
    """Simulate a small paired recording, build it, load it three ways, show the pictures."""
    from builder.demo import run_demo

    run_demo(folder)


@app.command()
def cells(root: Root = Path("spe1"), raw_dir: RawDir = Path(".raw")) -> None:
    """List the 43 cells: what is known of each, and what is here."""
    from builder.console import print_cells

    print_cells(root, raw_dir)


@app.command()
def simulate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the archive goes.")],
    cell_ids: Annotated[
        list[str] | None, typer.Option("--cells", "-c", help="Cells or sets; repeat for several.")
    ] = None,
    duration_s: Annotated[float, typer.Option(help="Length of each recording.")] = 60.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 0,
    spike_file: Annotated[bool, typer.Option(help="Write cXX_wc_spike_samples.npy.")] = True,
    overwrite: Annotated[bool, typer.Option(help="Replace cells that are there.")] = False,
) -> None:
    """Write a synthetic SPE-1 archive: files, names and dtypes as the real one, truth beside it."""
    from builder.cells import expand_cells
    from builder.console import ConsoleBars
    from builder.source.simulate import SimulationOptions, simulate_archive

    options = SimulationOptions(duration_s=duration_s, seed=seed, write_spike_file=spike_file)
    truths = simulate_archive(
        folder,
        expand_cells(cell_ids or ["c14"]),
        options,
        progress=ConsoleBars("simulate"),
        overwrite=overwrite,
    )
    typer.echo(f"{len(truths)} simulated cells in {folder}; the truth in {folder / 'truth'}")


@app.command()
def build(
    names: Cells,
    raw_dir: RawDir = Path(".raw"),
    root: Root = Path("spe1"),
    chan_map: Annotated[Path | None, typer.Option(help="chanMap.mat, if elsewhere.")] = None,
    summary: Annotated[Path | None, typer.Option(help="Data Summary.xlsx, if elsewhere.")] = None,
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
    threads: Annotated[int | None, typer.Option(help="Default: all processors, at most 8.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Build again what is there.")] = False,
) -> None:
    """Build cells into Arrow datasets; exit status 1 if any fails."""
    from builder.console import build_cells
    from builder.dataset.inputs import Sources
    from builder.dataset.options import BuildOptions

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
    sources = Sources(raw_dir, chan_map, summary)
    raise typer.Exit(build_cells(names, sources, root, options, n_threads=threads, force=force))


@app.command()
def verify(
    root: Annotated[Path, typer.Argument(help="Dataset root.")],
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[CELL]...", help="Default: all present.")
    ] = None,
) -> None:
    """Open everything that was written and check it; one line per finding, exit status 1 if any."""
    from builder.cells import expand_cells
    from builder.console import ConsoleBars
    from builder.dataset.verify import verify_root

    cell_ids = expand_cells(names) if names else None
    findings = verify_root(root, cell_ids, progress=ConsoleBars("verify"))
    for finding in findings:
        typer.echo(f"{finding.where}: {finding.what}")
    if findings:
        raise typer.Exit(1)
    typer.echo(f"{root}: every file is as the contract says")


@app.command()
def card(root: Annotated[Path, typer.Argument(help="Dataset root.")]) -> None:
    """Write the dataset card again from the cells that are present."""
    from builder.dataset.card import write_card

    typer.echo(write_card(root))


def main() -> None:
    """Entry point: expected errors become a message and exit status 1, not a traceback."""
    from builder.console import print_error

    try:
        app()
    except Spe1Error as error:
        print_error("spe1", error)
        sys.exit(1)
    except KeyboardInterrupt:
        print_error("spe1", KeyboardInterrupt("stopped; nothing half-written can be loaded"))
        sys.exit(130)


if __name__ == "__main__":
    main()
