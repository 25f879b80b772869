"""``spe1 cells``: the catalogue, and what of it is here."""

from __future__ import annotations

from pathlib import Path

from spe1_builder.cells import catalogue
from spe1_builder.cli.arguments import RawDir, Root
from spe1_builder.cli.console import Column, console_width, fit_columns, print_columns, say
from spe1_builder.layout import RawLayout, RootLayout


def cells(root: Root = Path("spe1"), raw_dir: RawDir = Path(".raw")) -> None:
    """List the 43 cells: what is known of each, and what is here."""
    width = console_width()
    columns = cell_columns(root, raw_dir)
    fitting = fit_columns(columns, width)
    print_columns(fitting, width)
    say(
        f"\n{len(catalogue())} cells; {len(RootLayout(root).built_cells())} built in {root}.\n"
        "min: length. site: electrode nearest to the soma, 0-based (the localization target).\n"
        "dist: soma to site, µm. depth: soma below the pia, µm. p-p: mean spike, µV.\n"
        "Hz: patch samples per second."
    )
    left_out = [column.name for column in columns if column not in fitting]
    if left_out:
        say(f"No room for: {', '.join(left_out)}. All columns: spe1 cells | less -S")


def cell_columns(root: Path, raw_dir: Path) -> list[Column]:
    """The catalogue as columns; ``here`` says what of a cell is in the two folders."""
    cells = list(catalogue().values())
    raw_layout, built = RawLayout(raw_dir), set(RootLayout(root).built_cells())

    def here(cell_id: str) -> str:
        words = ["raw"] if raw_layout.cell_dir(cell_id).is_dir() else []
        return " ".join([*words, "built"] if cell_id in built else words) or "-"

    return [
        Column("cell", [cell.cell_id for cell in cells], is_left=True),
        Column("patch", [cell.patch_type.release_name for cell in cells], is_left=True, rank=1),
        Column("type", [cell.cell_type for cell in cells], is_left=True, rank=6),
        Column("sets", [", ".join(cell.sets) for cell in cells], is_left=True, rank=3),
        Column("min", [f"{cell.recording_length_min:g}" for cell in cells], rank=4),
        Column("spikes", [str(cell.n_patch_spikes) for cell in cells], rank=1),
        Column("site", [str(cell.chan_predicted) for cell in cells], rank=2),
        Column("dist", [f"{cell.distance_um:.0f}" for cell in cells], rank=5),
        Column("depth", [f"{cell.depth_um:.0f}" for cell in cells], rank=7),
        Column("p-p", [f"{cell.jta_peak_to_peak_uV:g}" for cell in cells], rank=2),
        Column("Hz", [f"{cell.patch_rate_hz:.2f}" for cell in cells], rank=8),
        Column("here", [here(cell.cell_id) for cell in cells], is_left=True),
    ]
