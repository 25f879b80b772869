"""The Croissant file of a root: what its cells and its other files make of it."""

from __future__ import annotations

from spe1_builder.dataset.card.croissant.document import LISTED_FILES
from spe1_builder.dataset.card.kept import KeptPart
from spe1_builder.dataset.card.root_files import make_page
from spe1_builder.dataset.findings import Report
from spe1_builder.dataset.verify.index import Index, add_error
from spe1_builder.disk.bounded import read_bounded
from spe1_builder.errors import Spe1Error
from spe1_builder.layout import CARD_NAME, CROISSANT_NAME, RootLayout

#: It has some 100 kB for all 43 cells.
_LARGEST_BYTES = 10_000_000


def check_croissant(layout: RootLayout, kept: KeptPart, index: Index, report: Report) -> None:
    """Check the Croissant file of a root whose cells are whole.

    Parameters
    ----------
    layout : RootLayout
    kept : KeptPart
        Of the card, which has the repo's name.
    index : Index
    report : Report
    """
    for name in (CARD_NAME, *LISTED_FILES):
        index.tell(name, report)
        if report.has(name):
            return  # it has the hash of what is damaged
    try:
        content = read_bounded(layout.croissant, _LARGEST_BYTES, "The Croissant file")
    except (Spe1Error, OSError) as error:
        add_error(report, CROISSANT_NAME, error)
        return
    if content != make_page(layout, kept).croissant.encode():
        report.add(CROISSANT_NAME, "not what these cells have (spe1 card writes it again)")
