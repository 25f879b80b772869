"""``spe1 demo``: the first thing to run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spe1_builder.cli.arguments import as_local


def demo(
    folder: Annotated[
        Path, typer.Option("--dir", callback=as_local, help="Where the demo writes.")
    ] = Path("demo"),
) -> None:
    """Make a small semi-real recording, build, load, localize it; say where its picture lies."""
    from spe1_builder.cli.walkthrough import run_demo

    run_demo(folder)
