"""The small files of a built cell, one module each.

To add one: a module that defines a `Sidecar`, and its line in `SIDECARS`. It is then
written, listed and hashed in the metadata, checked by ``spe1 verify`` and described in
the card.
"""

from __future__ import annotations

from spe1_builder.dataset.sidecars.patch import PATCH
from spe1_builder.dataset.sidecars.quicklook import QUICKLOOK
from spe1_builder.dataset.sidecars.sidecar import Sidecar
from spe1_builder.dataset.sidecars.stats import STATS
from spe1_builder.dataset.sidecars.templates import TEMPLATES
from spe1_builder.layout import LOADER_FILES

#: In the order in which they are written.
SIDECARS: tuple[Sidecar, ...] = (TEMPLATES, PATCH, STATS, QUICKLOOK)


def cell_files() -> tuple[str, ...]:
    """Every file of a cell but its shards and the metadata itself."""
    return (*LOADER_FILES, *(sidecar.name for sidecar in SIDECARS))
