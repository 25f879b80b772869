"""Arguments and options that several commands take, and the one way in which paths are read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spe1_builder.cells import ALL, CELL_SETS
from spe1_builder.paths import local_path


def as_local(param: typer.CallbackParam, value: Path | None) -> Path | None:
    """Callback of every option and argument that is a path; see `local_path`."""
    if value is None:
        return None
    name = next((flag for flag in param.opts if flag.startswith("--")), str(param.name).upper())
    return local_path(value, name)


def as_local_or_url(param: typer.CallbackParam, value: str | None) -> str | None:
    """The same for what may be an address of the web, too."""
    if value is None or value.startswith(("http://", "https://")):
        return value
    return str(local_path(value, param.opts[0]))


SETS = ", ".join([*CELL_SETS, ALL])
CELLS_HELP = f"Cells (c14, C14, 14, c14,c15) or sets ({SETS})."

Root = Annotated[
    Path,
    typer.Option("--root", callback=as_local, help="Dataset root: one folder per built cell."),
]
RawDir = Annotated[
    Path,
    typer.Option(
        "--raw-dir",
        callback=as_local,
        help="Raw archive: Recordings/cXX/, chanMap.mat, 'Data Summary.xlsx'.",
    ),
]
GivenRoot = Annotated[
    Path | None,
    typer.Option(
        "--root",
        callback=as_local,
        show_default="spe1",
        help="Dataset root; it may also stand before the cells.",
    ),
]
#: What is not there by default is no mistake of the user's.
MaybeRoot = Annotated[
    Path | None,
    typer.Option(
        "--root",
        callback=as_local,
        show_default="spe1",
        help="Dataset root of the built cells.",
    ),
]
Cells = Annotated[list[str], typer.Argument(metavar="CELL", help=CELLS_HELP)]
#: Of the benchmarks.
Plots = Annotated[
    Path | None,
    typer.Option(
        "--plots",
        callback=as_local,
        help="Folder for the figures (PNG, SVG) and the report (report.html).",
    ),
]
MarkdownFile = Annotated[
    Path | None,
    typer.Option("--markdown", callback=as_local, help="File for all tables in Markdown."),
]
AllowMissing = Annotated[
    bool,
    typer.Option("--allow-missing", metavar="", help="Exit 0 though a part could not be done."),
]
OverFuller = Annotated[
    bool, typer.Option("--force", metavar="", help="Overwrite a result that has more in it.")
]
