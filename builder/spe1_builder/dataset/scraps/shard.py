"""The scraps as the one file of a config of the root: the same in every root of a version."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import pyarrow as pa

from spe1_builder.dataset.scraps.table import SCHEMA, scraps_table
from spe1_builder.disk.atomic import sync, write_bytes
from spe1_builder.layout import RootLayout

#: Of its config, and of its folder beside the views.
SCRAPS_NAME = "scraps"
SCRAPS_SPLIT = "train"
SCRAPS_HOLD = (
    "one row for each of the 21 cells whose real template and spike train are public: digitised "
    "from the authors' figures on 25 channels, with the label and what is wrong with them"
)


@cache
def scraps_bytes() -> bytes:
    """An Arrow stream of `scraps_table`."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, SCHEMA) as stream:
        stream.write_table(scraps_table())
    content: bytes = sink.getvalue().to_pybytes()
    return content


def scraps_shard(layout: RootLayout) -> Path:
    """Where the file is, or will be; its name is its content's."""
    mark = hashlib.sha256(scraps_bytes()).hexdigest()[:16]
    return layout.view_shard(SCRAPS_NAME, SCRAPS_SPLIT, "real", mark)


def write_scraps(layout: RootLayout) -> None:
    """Write the file where it is not there, or is damaged; it appears whole or not at all.

    Needs the card's lock.

    Raises
    ------
    OSError
        It cannot be written.
    """
    path = scraps_shard(layout)
    if not (path.is_file() and path.read_bytes() == scraps_bytes()):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, scraps_bytes())
        sync(path.parent)
