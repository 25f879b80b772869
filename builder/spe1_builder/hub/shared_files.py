"""The files of a data set that all cells share."""

from __future__ import annotations

import hashlib

from spe1_builder.dataset.card.root_files import has_our_card, write_root_files
from spe1_builder.disk.bounded import read_bounded
from spe1_builder.errors import DamagedFileError, OptionError
from spe1_builder.hub.arrived import Arrival
from spe1_builder.hub.fetch_errors import hub_errors
from spe1_builder.hub.snapshot import Snapshot
from spe1_builder.layout import (
    CHAN_MAP_NAME,
    INDEX_NAME,
    SUMMARY_CSV_NAME,
    SUMMARY_NAME,
    RootLayout,
)

_NAMES = (CHAN_MAP_NAME, SUMMARY_NAME, SUMMARY_CSV_NAME)
_LARGEST_BYTES = 200_000_000


def bring_shared_files(layout: RootLayout, snapshot: Snapshot, arrival: Arrival) -> None:
    """Put the channel map and the summary into the root, as the data set's index lists them.

    Raises
    ------
    DamagedFileError
        One is not what the index says.
    OptionError
        The root holds a different one that spe1 did not write.
    """
    names = [name for name in (*_NAMES, INDEX_NAME) if name in snapshot.sizes]
    with hub_errors(snapshot.repo):
        arrival.bring(snapshot, names)
    content = {
        name: read_bounded(arrival.folder / name, _LARGEST_BYTES, name, do="tell who published it")
        for name in names
    }
    index = content.pop(INDEX_NAME, b"").decode(errors="replace")
    hashes = {path: digest for digest, _, path in (r.partition("  ") for r in index.splitlines())}
    for name, data in content.items():
        digest = hashlib.sha256(data).hexdigest()
        if hashes.get(name, digest) != digest:
            (arrival.folder / name).unlink()
            raise DamagedFileError(
                "A shared file did not come as the data set's index lists it.",
                where=f"{snapshot.repo}/{name}",
                expected=f"sha256 {hashes[name]:.16}",
                got=digest[:16],
                do="run the same again; if it stays so, it was published damaged",
            )
        path = layout.root / name
        if path.exists() and not has_our_card(layout) and path.read_bytes() != data:
            raise OptionError(
                f"The dataset root holds another '{name}', which spe1 did not write.",
                where=path,
                do="choose an empty folder as root, or move that file away",
            )
    write_root_files(layout, content)
