"""Arguments and options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
