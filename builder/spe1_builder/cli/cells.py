"""``spe1 cells``: the catalogue, and what of it is here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spe1_builder.cells import Cell, catalogue
from spe1_builder.cli.arguments import MaybeRoot, as_local
from spe1_builder.cli.console import (
    Column,
    console_width,
    fit_columns,
    print_columns,
    say,
    this_screen,
)
from spe1_builder.cli.label_table import show_labels
from spe1_builder.cli.roots import DEFAULT_ROOT, require_root
from spe1_builder.errors import MissingFileError
from spe1_builder.layout import METADATA_NAME, RawLayout, RootLayout
from spe1_builder.origins import Origin

#: Of cells that were not recorded.
_GENERATED = ("simulated", "semi-real")
#: Of a cell whose metadata do not tell.
_UNKNOWN = "kind unknown"
#: What `kinds_here` says of a cell, as ``--json`` has it.
_ORIGINS: dict[str, Origin] = {
    "": "recorded",
    "simulated": "simulated",
    "semi-real": "semi-real",
}


def cells(
    root: MaybeRoot = None,
    raw_dir: Annotated[
        Path | None,
        typer.Option("--raw-dir", callback=as_local, show_default=".raw", help="Raw archive."),
    ] = None,
    label: Annotated[
        bool,
        typer.Option(
            "--label",
            metavar="",
            help="What the ground-truth electrode of each is worth, by the release's coordinates.",
        ),
    ] = False,
) -> None:
    """List the 43 cells: what is known of each, and what is here."""
    # What is not there by default is no mistake of the user's.
    if root is not None:
        require_root(root, "cells")
    if raw_dir is not None and not raw_dir.is_dir():
        raise MissingFileError(
            "The raw folder is not there.", where=raw_dir, do="check --raw-dir, or leave it out"
        )
    if label:
        show_labels()
        return
    root, raw_dir = root or DEFAULT_ROOT, raw_dir or Path(".raw")
    width = console_width()
    kinds = {cell_id: kinds_here(cell_id, root, raw_dir) for cell_id in catalogue()}
    columns = cell_columns(kinds)
    fitting = fit_columns(columns, width)
    this_screen().results.extend(_fields(cell, kinds[name]) for name, cell in catalogue().items())
    print_columns(fitting, width)
    built = [kind["built"] for kind in kinds.values() if "built" in kind]
    counted = [f"{built.count(kind)} of them {kind}" for kind in _GENERATED if kind in built]
    say(
        f"\n{', '.join([f'{len(catalogue())} cells; {len(built)} built in {root}', *counted])}"
        ".\nmin: length. site: electrode nearest to the soma, 0-based (the localization "
        "target).\ndist: soma to site, µm. depth: soma below the pia, µm. p-p: mean spike, µV.\n"
        "Hz: patch samples per second. The numbers are the release's, of the real cells."
    )
    left_out = [column.name for column in columns if column not in fitting]
    if left_out:
        say(f"No room for: {', '.join(left_out)}. All columns: spe1 cells | less -S")


def kinds_here(cell_id: str, root: Path, raw_dir: Path) -> dict[str, str]:
    """What of a cell is in the two folders, by ``raw`` and ``built``.

    The value is empty, or what has to be said of it: "simulated", "semi-real", "kind unknown".
    """
    from spe1_builder.source.simulation.truth import told_origin

    found: dict[str, str] = {}
    if RawLayout(raw_dir).cell_dir(cell_id).is_dir():
        is_made = (RawLayout(raw_dir).truth / f"{cell_id}.json").is_file()
        found["raw"] = told_origin(raw_dir, cell_id) if is_made else ""
    path = RootLayout(root).cell(cell_id) / METADATA_NAME
    if path.is_file():
        found["built"] = _kind_of(path)
    return found


def _kind_of(path: Path) -> str:
    from spe1_builder.benchmark.common.bounded import read_json
    from spe1_builder.errors import Spe1Error

    try:
        _, values = read_json(path)
        provenance = values["provenance"]
        origin = provenance.get("origin") or ("simulated" if provenance["simulated"] else "")
    except (Spe1Error, OSError, AttributeError, KeyError, TypeError):
        # The public conversion's metadata do not tell, and have no provenance.
        return _UNKNOWN
    return origin if origin in _GENERATED else ""


def here(kinds: dict[str, str]) -> str:
    """The last column: ``raw built (simulated)``, ``built (simulated)``, ``raw``, ``-``."""
    if not kinds:
        return "-"
    if len(set(kinds.values())) == 1:
        return _with_kind(" ".join(kinds), next(iter(kinds.values())))
    return ", ".join(_with_kind(word, kind) for word, kind in kinds.items())


def _with_kind(words: str, kind: str) -> str:
    return f"{words} ({kind})" if kind else words


def _fields(cell: Cell, kinds: dict[str, str]) -> dict[str, object]:
    """A cell as ``--json`` has it."""
    return {
        "cell": cell.cell_id,
        "patch": cell.patch_type.release_name,
        "cell_type": cell.cell_type,
        "sets": list(cell.sets),
        "recording_length_min": cell.recording_length_min,
        "n_patch_spikes": cell.n_patch_spikes,
        "gt_channel": cell.chan_predicted,
        "distance_um": cell.distance_um,
        "depth_um": cell.depth_um,
        "jta_peak_to_peak_uV": cell.jta_peak_to_peak_uV,
        "patch_rate_hz": cell.patch_rate_hz,
        **{
            word: {
                "here": word in kinds,
                "simulated": kinds.get(word) in _GENERATED,
                "origin": _ORIGINS.get(kinds.get(word, _UNKNOWN)),
            }
            for word in ("raw", "built")
        },
    }


def cell_columns(kinds: dict[str, dict[str, str]]) -> list[Column]:
    """The catalogue as columns; ``here`` says what of a cell is in the two folders.

    Parameters
    ----------
    kinds : dict
        Of each cell, see `kinds_here`.
    """
    cells = list(catalogue().values())
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
        Column("p-p", [f"{cell.jta_peak_to_peak_uV:g}" for cell in cells], rank=4),
        Column("Hz", [f"{cell.patch_rate_hz:.2f}" for cell in cells], rank=8),
        Column("here", [here(kinds[cell.cell_id]) for cell in cells], is_left=True),
    ]
