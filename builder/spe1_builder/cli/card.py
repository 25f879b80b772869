"""``spe1 card``: the dataset card again."""

from __future__ import annotations

from pathlib import Path

from spe1_builder.cli.arguments import RootArgument
from spe1_builder.cli.console import say
from spe1_builder.cli.roots import require_root
from spe1_builder.errors import MissingFileError
from spe1_builder.layout import RootLayout


def card(root: RootArgument = Path("spe1")) -> None:
    """Write the dataset card again from the cells that are present."""
    from spe1_builder.dataset.card.root_files import write_card

    require_root(root, "card")
    if not RootLayout(root).built_cells():
        do = f"build one: spe1 build c14 --raw-dir .raw --root {root}"
        raise MissingFileError("No cell has been built here.", where=root, do=do)
    say(str(write_card(root)))
