"""The npz that SpikeLab compiles a sorting into: its units are pickled dictionaries."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from spe1_builder.errors import SortingError
from spe1_builder.reading.sortings.formats.form import SortingForm, untrusted
from spe1_builder.reading.sortings.formats.npz import names_in
from spe1_builder.reading.sortings.found import EXPORT_AGAIN, FoundTrains, flat, name_of

_TROUBLE = (
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    AttributeError,
    ImportError,
    OSError,
    EOFError,
    pickle.UnpicklingError,
    zipfile.BadZipFile,
)


def is_known(source: Any) -> bool:
    return names_in(source) >= {"units", "fs"}


def read(path: Path, *, trust_pickle: bool = False) -> FoundTrains:
    """Units of the file; ``trust_pickle`` as for a pickle."""
    if not trust_pickle:
        raise untrusted(path, f"{path.name}, an npz of SpikeLab,")
    try:
        with np.load(path, allow_pickle=True) as held:
            rate_hz = float(held["fs"])
            units = list(held["units"].reshape(-1))
        unit_ids = tuple(name_of(unit["unit_id"]) for unit in units)
        trains = tuple(flat(unit["spike_train"], "spikes", str(path)) for unit in units)
    except _TROUBLE as error:
        raise SortingError(
            f"{path.name} is no sorting of SpikeLab.",
            where=path,
            expected="fs, and units with unit_id and spike_train",
            got=f"{type(error).__name__}: {error}",
            do=EXPORT_AGAIN,
        ) from error
    notes = {"form": "npz of SpikeLab"}
    return FoundTrains(unit_ids, trains, str(path), unit="samples", rate_hz=rate_hz, notes=notes)


FORM = SortingForm("spikelab_npz", "an npz of SpikeLab, if trusted", is_known, read)
