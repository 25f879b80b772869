"""The packaged scraps, read and checked: `scraps`."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from functools import cache

import numpy as np

from spe1_builder.cells import Cell, get_cell
from spe1_builder.constants import CITATION, LICENSE_NAME, NPX_RATE_HZ, PAPER_CITATION
from spe1_builder.packaged import packaged_bytes, packaged_text
from spe1_builder.probe import nominal_positions_um
from spe1_builder.source.scraps.model import (
    N_BEFORE,
    CellScraps,
    Fault,
    FaultKind,
    PublishedPosition,
    Scraps,
)

_FOLDER = "source/scraps"
#: A spike that follows another within this time is the same one.
_DOUBLED_SAMPLES = int(NPX_RATE_HZ / 1000)
#: The digitised scale is told to be good to 10-30 %: beyond the lower of the two it is a fault.
_SCALE_TOLERANCE = 0.1


def scraps() -> Scraps:
    """Templates, spike trains and places of 21 real cells, which come with the package.

    They are digitised from figures and lists that the authors published (CC BY-SA 4.0); the
    recordings themselves need an account. Each cell's ``faults`` say what is known to be wrong
    with it.

    Returns
    -------
    Scraps

    Examples
    --------
    >>> import spe1
    >>> c14 = spe1.scraps()["c14"]
    >>> c14.template_uV.shape, c14.peak_channel                  # (n_channels, n_samples)
    ((25, 121), 161)
    >>> len(c14.spike_samples), len(c14.train())                # 8 stand in the list twice
    (5428, 5420)
    >>> [fault.kind for fault in c14.faults]
    ['doubled_spikes']
    """
    return _read()


@cache
def _read() -> Scraps:
    with np.load(io.BytesIO(packaged_bytes(f"{_FOLDER}/scraps.npz")), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    ends = np.cumsum(arrays["n_spikes"])
    trains = np.split(arrays["spike_samples"].astype(np.int64), ends[:-1])
    positions, faults = _published_positions(), _known_faults()
    cells = tuple(
        _cell(
            get_cell(cell_id),
            arrays["templates_uV"][i],
            arrays["channels"][i].astype(np.int64),
            arrays["is_drawn_large"][i],
            trains[i],
            tuple(positions[cell_id]),
            tuple(faults[cell_id]),
        )
        for i, cell_id in enumerate(arrays["cell_ids"].tolist())
    )
    return Scraps(
        cells=cells,
        sampling_frequency=NPX_RATE_HZ,
        n_before=N_BEFORE,
        origin="digitised",
        license=LICENSE_NAME,
        citation=CITATION,
        paper=PAPER_CITATION,
        provenance=packaged_text(f"{_FOLDER}/README.md"),
    )


def _cell(
    cell: Cell,
    template_uV: np.ndarray,
    channels: np.ndarray,
    is_drawn_large: np.ndarray,
    train: np.ndarray,
    positions: tuple[PublishedPosition, ...],
    known_faults: tuple[Fault, ...],
) -> CellScraps:
    is_doubled = np.diff(train, prepend=-_DOUBLED_SAMPLES - 1) < _DOUBLED_SAMPLES
    measured = [*_doubled(is_doubled), *_scale(cell, template_uV)]
    arrays = (
        template_uV,
        channels,
        nominal_positions_um()[channels],
        is_drawn_large,
        train,
        is_doubled,
    )
    for array in arrays:
        array.flags.writeable = False  # every caller gets the same memory
    return CellScraps(cell, *arrays, positions, (*known_faults, *measured))


def _doubled(is_doubled: np.ndarray) -> list[Fault]:
    n_doubled = int(is_doubled.sum())
    if not n_doubled:
        return []
    noun = "spike follows" if n_doubled == 1 else "spikes follow"
    return [Fault("doubled_spikes", f"{n_doubled} {noun} another within 1 ms")]


def _scale(cell: Cell, template_uV: np.ndarray) -> list[Fault]:
    ratio = float(np.ptp(template_uV, axis=1).max()) / cell.jta_peak_to_peak_uV
    if abs(ratio - 1.0) <= _SCALE_TOLERANCE:
        return []
    text = f"the largest row has {ratio:.2f} times the peak-to-peak of Data Summary"
    return [Fault("amplitude_scale", text)]


def _published_positions() -> defaultdict[str, list[PublishedPosition]]:
    found = defaultdict(list)
    for row in _table("published_positions.csv"):
        place = PublishedPosition(row["method"], float(row["x_um"]), float(row["y_um"]))
        found[row["cell_id"]].append(place)
    return found


def _known_faults() -> defaultdict[str, list[Fault]]:
    found = defaultdict(list)
    for row in _table("faults.csv"):
        kind: FaultKind = row["kind"]  # type: ignore[assignment]
        found[row["cell_id"]].append(Fault(kind, row["text"]))
    return found


def _table(name: str) -> csv.DictReader[str]:
    return csv.DictReader(packaged_text(f"{_FOLDER}/{name}").splitlines())
