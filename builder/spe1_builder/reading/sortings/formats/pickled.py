"""Pickled objects of SpikeLab (``SpikeData``) and SpikeSift (``SortedRecording``), if trusted."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from spe1_builder.errors import SortingError
from spe1_builder.reading.sortings.formats import objects
from spe1_builder.reading.sortings.formats.form import SortingForm, untrusted
from spe1_builder.reading.sortings.found import EXPORT_AGAIN, FoundTrains

_ENDINGS = {".pkl", ".pickle"}


def is_known(source: Any) -> bool:
    return isinstance(source, Path) and source.suffix.lower() in _ENDINGS


def read(path: Path, *, trust_pickle: bool = False) -> FoundTrains:
    """Units of the object.

    Parameters
    ----------
    path : Path
    trust_pickle : bool
        Whether it may run the code that it holds. Refused before anything is opened otherwise.
    """
    if not trust_pickle:
        raise untrusted(path, path.name)
    try:
        with path.open("rb") as file:
            held = pickle.load(file)
    # Of a damaged pickle anything can come, and of the code in a good one too.
    except Exception as error:
        raise SortingError(
            f"{path.name} cannot be unpickled.",
            where=path,
            got=f"{type(error).__name__}: {error}",
            do="install what it was written with (spikelab, spikesift); or " + EXPORT_AGAIN,
        ) from error
    if not objects.is_known(held):
        raise SortingError(
            f"{path.name} holds no sorting.",
            where=path,
            expected=objects.FORM.holds,
            got=type(held).__name__,
            do=EXPORT_AGAIN,
        )
    found = objects.read(held)
    notes = {**found.notes, "form": f"pickle of {found.notes['form']}"}
    return FoundTrains(found.unit_ids, found.times, str(path), found.unit, found.rate_hz, notes)


FORM = SortingForm("pickle", "a pickle of SpikeLab or SpikeSift, if trusted", is_known, read)
