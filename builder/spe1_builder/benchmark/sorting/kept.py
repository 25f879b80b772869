"""Spikes of earlier runs, kept so that no sorter runs twice on the same."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from spe1_builder.benchmark.common.bounded import read_arrays
from spe1_builder.benchmark.sorting.sorter import FixedRate, Sorter, SorterOptions, SorterRun
from spe1_builder.disk.atomic import replacing
from spe1_builder.errors import MissingFileError, OutputError
from spe1_builder.layout import RootLayout
from spe1_builder.reading.sortings.units import SortedUnits

#: Of a file that is kept; raised where its arrays or their meaning change.
_FORM = 1
_NAMES = ("samples", "lengths", "facts")
_MOST_BYTES = 2_000_000_000


def kept_path(
    root: Path, cell_id: str, fingerprint: str, sorter: Sorter, options: SorterOptions
) -> Path:
    """Where a run is kept: its name has everything that decides its spikes."""
    decides = {
        "form": _FORM,
        "fingerprint": fingerprint,
        "version": sorter.version,
        "parameters": dict(sorter.parameters),
        "n_channels": options.n_channels,
        "repeat": options.repeat,
    }
    text = json.dumps(decides, sort_keys=True, default=str)
    key = hashlib.sha256(text.encode()).hexdigest()[:24]
    return RootLayout(root).private / "sortings" / f"{cell_id}-{sorter.look.name}-{key}.npz"


def read_kept(path: Path) -> SorterRun | None:
    """A run that was kept; None where there is none, or none that can be read."""
    try:
        arrays = read_arrays(path, _NAMES, _MOST_BYTES)
        facts = json.loads(arrays["facts"].tobytes())
        pieces = np.split(arrays["samples"].astype(np.int64), np.cumsum(arrays["lengths"])[:-1])
        units = _units(facts["units"], pieces)
        fixed = tuple(
            FixedRate(one["fp_rate_hz"], one["threshold"], _units(one["units"], pieces))
            for one in facts["fixed_rates"]
        )
        return SorterRun(
            units, facts["wall_s"], facts["processor_s"], facts["peak_memory_bytes"], fixed
        )
    except (MissingFileError, OutputError, ValueError, KeyError, TypeError, IndexError):
        # Cut off or of another version: the sorter runs again, and writes it anew.
        return None


def keep(path: Path, run: SorterRun) -> None:
    """Keep a run.

    Raises
    ------
    OSError
        The place cannot be written.
    """
    pieces: list[np.ndarray] = []
    facts = {
        "units": _facts(run.units, pieces),
        "fixed_rates": [
            {
                "fp_rate_hz": one.fp_rate_hz,
                "threshold": one.threshold,
                "units": _facts(one.units, pieces),
            }
            for one in run.fixed_rates
        ],
        "wall_s": run.wall_s,
        "processor_s": run.processor_s,
        "peak_memory_bytes": run.peak_memory_bytes,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    # np.savez adds .npz to any name that lacks it, but not to an open file.
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez(
            file,
            samples=np.concatenate([*pieces, np.empty(0, np.int64)]),
            lengths=np.array([*map(len, pieces), 0], np.int64),
            facts=np.frombuffer(json.dumps(facts, default=str).encode(), np.uint8),
        )


def _facts(units: SortedUnits, pieces: list[np.ndarray]) -> dict[str, Any]:
    first = len(pieces)
    pieces += units.samples
    return {
        "unit_ids": list(units.unit_ids),
        "first": first,
        "source": units.source,
        "notes": dict(units.notes),
    }


def _units(facts: dict[str, Any], pieces: list[np.ndarray]) -> SortedUnits:
    ids, first = tuple(facts["unit_ids"]), facts["first"]
    samples = tuple(pieces[first + i] for i in range(len(ids)))
    return SortedUnits(ids, samples, facts["source"], facts["notes"])
