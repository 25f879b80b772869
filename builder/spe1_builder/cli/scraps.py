"""``spe1 scraps``: what of the real recordings comes with the package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from spe1_builder.cli.console import (
    Column,
    console_width,
    fit_columns,
    plural,
    print_columns,
    say,
    this_screen,
)

if TYPE_CHECKING:
    from spe1_builder.source.scraps.model import CellScraps


def scraps(
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--cell",
            help="Only these cells (c14, 14, c14,c26; may be repeated), with their faults in "
            "words; with --json also their arrays.",
        ),
    ] = None,
) -> None:
    """Show the real templates and spike trains that come with the package, a line a cell."""
    from spe1_builder.cells import expand_cells
    from spe1_builder.source.scraps.packaged import scraps

    known = scraps()
    cells = [known[cell_id] for cell_id in expand_cells(names)] if names else list(known)
    width = console_width()
    columns = _columns(cells)
    fitting = fit_columns(columns, width)
    print_columns(fitting, width)
    screen = this_screen()
    screen.results.extend(fields(cell, with_arrays=bool(names)) for cell in cells)
    if names:
        for cell in cells:
            for fault in cell.faults:
                say(f"{cell.cell_id}: {fault.text}.")
    say(
        f"\n{plural(len(cells), 'cell')}: real neurons, templates digitised from the authors' "
        "figures, not recordings.\np-p: largest row, µV, its scale good to 10-30 %; release: "
        "Data Summary's. rows: channels of the template;\n>=10: those drawn as 10 µV or more. "
        "double: spikes within 1 ms of another. site: ground-truth electrode.\npeak: channel of "
        f"the largest row. Licence {known.license}.\nCite {known.citation}."
    )
    left_out = [column.name for column in columns if column not in fitting]
    if left_out:
        say(f"No room for: {', '.join(left_out)}. All columns: spe1 scraps | less -S")


def _columns(cells: list[CellScraps]) -> list[Column]:
    return [
        Column("cell", [cell.cell_id for cell in cells], is_left=True),
        Column("p-p", [f"{cell.peak_to_peak_uV:.1f}" for cell in cells]),
        Column("release", [f"{cell.cell.jta_peak_to_peak_uV:g}" for cell in cells], rank=4),
        Column("rows", [str(len(cell.channels)) for cell in cells], rank=3),
        Column(">=10", [str(int(cell.is_drawn_large.sum())) for cell in cells], rank=5),
        Column("spikes", [str(len(cell.spike_samples)) for cell in cells]),
        Column("double", [str(int(cell.is_doubled.sum())) for cell in cells], rank=3),
        Column("site", [str(cell.label.channel) for cell in cells]),
        Column("peak", [str(cell.peak_channel) for cell in cells], rank=2),
        Column("trough, ms", [f"{cell.trough_ms:+.2f}" for cell in cells], rank=6),
        Column(
            "faults",
            [", ".join(dict.fromkeys(fault.kind for fault in cell.faults)) for cell in cells],
            is_left=True,
            rank=1,
        ),
    ]


def fields(cell: CellScraps, *, with_arrays: bool) -> dict[str, Any]:
    """A cell as ``--json`` has it.

    Parameters
    ----------
    cell : CellScraps
    with_arrays : bool
        Also its template, uV (n_channels, n_samples), and its spikes, NPX samples.
    """
    from dataclasses import asdict

    arrays = {
        "template_uV": cell.template_uV.tolist(),
        "spike_samples": cell.spike_samples.tolist(),
    }
    return {
        "cell": cell.cell_id,
        "simulated": False,
        "origin": "digitised",
        "peak_to_peak_uV": cell.peak_to_peak_uV,
        "release_peak_to_peak_uV": cell.cell.jta_peak_to_peak_uV,
        "peak_channel": cell.peak_channel,
        "trough_ms": cell.trough_ms,
        "channels": cell.channels.tolist(),
        "positions_um": cell.positions_um.tolist(),
        "n_spikes": len(cell.spike_samples),
        "n_doubled": int(cell.is_doubled.sum()),
        "has_bad_train": cell.has_bad_train,
        "label": asdict(cell.label),
        "published_positions": [asdict(place) for place in cell.published_positions],
        "faults": [asdict(fault) for fault in cell.faults],
        **(arrays if with_arrays else {}),
    }
