"""``spe1 fetch``: built cells from the Hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spe1_builder.cli.arguments import CELLS_HELP, Root
from spe1_builder.cli.console import report
from spe1_builder.cli.roots import DEFAULT_ROOT


def fetch(
    repo: Annotated[str, typer.Argument(metavar="REPO", help="Data set on the Hub: user/name.")],
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CELL]", help=f"{CELLS_HELP} Default: all that it has."),
    ] = None,
    root: Root = DEFAULT_ROOT,
    revision: Annotated[
        str | None, typer.Option(help="Branch, tag or commit; default: the newest.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", metavar="", help="Replace another build that is there.")
    ] = False,
) -> None:
    """Bring built cells from the Hugging Face Hub: resumes, checks, then puts in place.

    For a private data set log in first (hf auth login). Run the same command
    again after any interruption: it goes on.
    """
    from spe1_builder.cli.console import size_text
    from spe1_builder.hub.fetch import fetch
    from spe1_builder.progress import Bars

    result = fetch(repo, names or None, root, revision=revision, force=force, progress=Bars())
    for cell in result.cells:
        report(
            f"{cell.cell_id}: {cell.status}, {size_text(cell.n_bytes)} in {cell.folder}",
            cell=cell.cell_id,
            status=cell.status,
            folder=str(Path(cell.folder)),
            bytes=cell.n_bytes,
            repo=result.repo,
            revision=result.revision,
        )
