"""What the authors' code did where it differs from what the paper says.

Source: the code published with Zhao et al. 2026 (doi:10.1371/journal.pcbi.1014059), as
summed up in ``zhao2026_published.json`` under ``authors_code``. Spikes are always
detected again by the 12-MAD rule at a nominal patch rate, also where the release has
its own; the window is strict at both ends; a template averages at most 500 random
spikes; no channel is masked, because the bad ones were passed as a tuple that
``remove_channels`` took for one name; in the degradation, day d has the dead electrodes
of day d - 1.

Ours, because the original left it to chance: the 500 spikes come from a seed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spe1_builder.benchmark.common.inputs import CellInput
from spe1_builder.benchmark.common.spikes import read_patch_arrays
from spe1_builder.cells import PATCH_TYPES
from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.errors import RawDataError
from spe1_builder.layout import PATCH_NAME
from spe1_builder.source.recording.detection import detect_spikes
from spe1_builder.source.recording.raw import PATCH_CHUNK_SAMPLES

#: The authors' patch rate; the true ones are about 50,023.9 Hz and differ by cell.
NOMINAL_PATCH_RATE_HZ = 50_023.0
MAX_TEMPLATE_SPIKES = 500
TEMPLATE_SEED = 0


def described() -> dict[str, Any]:
    """The choices of this mode, for the record."""
    return {
        "spikes": "12 MAD on the patch trace of the analysis window",
        "nominal_patch_rate_hz": NOMINAL_PATCH_RATE_HZ,
        "window": "strict at both ends",
        "max_template_spikes": MAX_TEMPLATE_SPIKES,
        "template_seed": TEMPLATE_SEED,
        "masked_channels": [],
        "dead_electrodes": "those of the day before",
    }


def n_dead_on(day: int, electrodes_per_day: int) -> int:
    """Dead electrodes on a day: the authors' slice ends one day early."""
    return electrodes_per_day * max(day - 1, 0)


@dataclass(frozen=True, eq=False)
class _Trace:
    """The patch trace of ``patch.npz`` in the shape that detection reads."""

    cell_id: str
    patch_path: Path
    values: np.ndarray
    patch_rate_hz: float = NOMINAL_PATCH_RATE_HZ

    @property
    def n_patch(self) -> int:
        return len(self.values)

    def read_patch(self, start: int, stop: int) -> np.ndarray:
        return self.values[start:stop].astype(np.float64)

    def patch_ranges(self) -> Iterator[tuple[int, int]]:
        for start in range(0, self.n_patch, PATCH_CHUNK_SAMPLES):
            yield start, min(start + PATCH_CHUNK_SAMPLES, self.n_patch)


def detect_again(cell: CellInput, n_samples: int) -> np.ndarray:
    """Spikes as the authors found them: int64 (n_spikes,), samples of the analysis window.

    Detection sees the window's trace only, not the whole recording's, and filters at
    the nominal rate; the clock is the true one.

    Raises
    ------
    MissingFileError, OutputError
        ``patch.npz`` is not there or cannot be read.
    PatchTraceError
        The trace has no noise to set a threshold by.
    """
    patch_v, times_s = read_patch_arrays(cell, "patch_v", "t_patch_s")
    release_type = cell.metadata.patch.release_type if cell.metadata else "Juxta, VC"
    trace: Any = _Trace(cell.cell_id, cell.folder / PATCH_NAME, patch_v)
    patch_spikes = detect_spikes(trace, PATCH_TYPES[release_type].polarity)
    # Times are exact fractions of a sample, stored in float64: nothing rounds up to the next.
    window_spikes = np.floor(times_s[patch_spikes] * NPX_RATE_HZ + 1e-6).astype(np.int64)
    return window_spikes[(window_spikes > 0) & (window_spikes < n_samples - 1)]


def template_choice(n_spikes: int) -> np.ndarray:
    """Which spikes make the template: at most 500 at random, ascending indices."""
    if n_spikes <= MAX_TEMPLATE_SPIKES:
        return np.arange(n_spikes)
    rng = np.random.default_rng(TEMPLATE_SEED)
    return np.sort(rng.choice(n_spikes, MAX_TEMPLATE_SPIKES, replace=False))


def require_spikes(cell_id: str, n_spikes: int) -> None:
    """Refuse a cell in which detection found nothing.

    Raises
    ------
    RawDataError
    """
    if n_spikes == 0:
        raise RawDataError(
            f"The 12-MAD rule finds no whole spike in the patch trace of {cell_id}.",
            expected="at least one in the analysis window",
            got="none",
            do="this cell has no as-published numbers",
        )
