"""``spe1 simulate``: a synthetic archive."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spe1_builder.cli.arguments import as_local
from spe1_builder.cli.console import say


def simulate(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", callback=as_local, help="Where the archive goes.")
    ],
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
    as_released: Annotated[
        bool,
        typer.Option(
            "--as-released",
            metavar="",
            help="Lists of spikes as odd as the release's: Python 2, int32, some spikes twice.",
        ),
    ] = False,
    easy: Annotated[
        bool,
        typer.Option(
            "--easy",
            metavar="",
            help="150 uV at 25 um in white noise, for tests, instead of the catalogue's amplitude "
            "and distance in noise as it was measured.",
        ),
    ] = False,
    semi_real: Annotated[
        bool,
        typer.Option(
            "--semi-real",
            metavar="",
            help="The real neuron's footprint, place and spike train; of 20 cells.",
        ),
    ] = False,
    overwrite: Annotated[
        bool, typer.Option(metavar="", help="Replace cells that are there.")
    ] = False,
) -> None:
    """Write a synthetic SPE-1 archive: files, names and dtypes as the real one, truth beside it.

    A cell that is there with the same options is up to date, and stays as it is.
    """
    from spe1_builder.progress import Bars
    from spe1_builder.source.simulation.archive import simulate
    from spe1_builder.source.simulation.options import AS_CATALOGUED, SimulationOptions

    archive = simulate(
        folder,
        [*(names or []), *(more_names or [])] or "c14",
        SimulationOptions() if easy else AS_CATALOGUED,
        progress=Bars(),
        overwrite=overwrite,
        duration_s=duration_s,
        seed=seed,
        write_spike_file=spike_file,
        as_released=as_released,
        semi_real=semi_real,
    )
    say(str(archive))
