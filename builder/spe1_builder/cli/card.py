"""``spe1 card``: the dataset card again."""

from __future__ import annotations

from typing import Annotated

import typer

from spe1_builder.cli.arguments import GivenRoot
from spe1_builder.cli.console import report
from spe1_builder.cli.roots import require_root, settle_root
from spe1_builder.errors import MissingFileError, OptionError
from spe1_builder.layout import RootLayout


def card(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[ROOT]", help="The same as --root.")
    ] = None,
    root: GivenRoot = None,
    repo: Annotated[
        str | None,
        typer.Option(
            metavar="USER/NAME",
            help="Repo on the Hub that the card is for; the card keeps it.",
        ),
    ] = None,
) -> None:
    """Write the dataset card again from the cells that are present, and views that are missing."""
    from spe1_builder.dataset.card.root_files import write_card

    root, rest = settle_root(names, root)
    if rest:
        raise OptionError(
            "The card lists every cell of its root.",
            got=" ".join(rest),
            do=f"spe1 card --root {root}",
        )
    require_root(root, "card")
    if not RootLayout(root).built_cells():
        do = f"build one: spe1 build c14 --raw-dir .raw --root {root}"
        raise MissingFileError("No cell has been built here.", where=root, do=do)
    path = str(write_card(root, repo_id=repo))
    report(path, card=path)
