"""The sorted spikes of an IBL session, through its own client: ``ibl:SESSION[/COLLECTION]``."""

from __future__ import annotations

import re
from typing import Any

from spe1_builder.errors import MissingPackageError, SortingError
from spe1_builder.reading.sortings.formats.form import SortingForm
from spe1_builder.reading.sortings.found import FoundTrains, by_unit

_ADDRESS = re.compile(
    r"ibl:(?://)?(?P<session>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:/(?P<collection>.+))?"
)
#: Where sessions have their spikes, the newest sorter first.
_COLLECTIONS = ("alf/probe00/pykilosort", "alf/probe01/pykilosort", "alf/probe00", "alf")


def is_known(source: Any) -> bool:
    return isinstance(source, str) and _ADDRESS.fullmatch(source) is not None


def read(address: str, *, client: Any = None) -> FoundTrains:
    """Units of a session.

    Parameters
    ----------
    address : str
        The session's id; and the collection, if it is not the first of the usual ones.
    client : optional
        A ``one.api.ONE``, set up for a server.
    """
    parts = _ADDRESS.fullmatch(address)
    assert parts is not None  # as `is_known` says
    one = client or _client()
    asked = (parts["collection"],) if parts["collection"] else _COLLECTIONS
    last: Exception | None = None
    for collection in asked:
        try:
            spikes = one.load_object(parts["session"], "spikes", collection=collection)
            times, owners = spikes["times"], spikes["clusters"]
        # The client's errors have no common class: ALF's, those of the server, of the disk.
        except Exception as error:  # noqa: BLE001
            last = error
            continue
        unit_ids, trains = by_unit(times, owners, None, address)
        notes = {"form": "IBL", "collection": collection}
        return FoundTrains(unit_ids, trains, address, unit="s", notes=notes)
    raise SortingError(
        "The session has no spikes that could be fetched.",
        where=address,
        expected=f"spikes.times and spikes.clusters in {' or '.join(asked)}",
        got=f"{type(last).__name__}: {last}",
        do="name the collection: ibl:SESSION/alf/probe00/pykilosort; or set the client up: client=",
    ) from last


def _client() -> Any:
    try:
        from one.api import ONE
    except ImportError as error:
        raise MissingPackageError(
            "Sessions of IBL are fetched by its client, which is not installed.",
            where="ibl",
            do="pip install ONE-api, and set it up (ONE.setup())",
        ) from error
    return ONE(silent=True)


FORM = SortingForm(
    "ibl", "the spikes of an IBL session: ibl:SESSION/COLLECTION", is_known, read, takes_path=False
)
