"""Make ``builder/spe1_builder/source/scraps/`` from the files as published and digitised.

Usage: python scripts/make_scraps.py FOLDER builder/spe1_builder/source/scraps

FOLDER holds ``sta/sta_25ch_v2.npz`` (digitised templates), ``sta/sta_25ch.npz`` (channels of their
rows), ``spike_trains/cXX_extracellular_spikes.npy`` and ``zhao2026_template_positions.csv``.
Sources and faults stand in the README of the second folder.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np

# In a checkout that is not installed, the package is beside this folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "builder"))

from spe1_builder.cells import catalogue
from spe1_builder.source.recording.npy import read_npy

_MAX_TRAIN_BYTES = 10_000_000


def main(source: Path, target: Path) -> None:
    digitised, rows = (np.load(source / f"sta/{name}.npz") for name in ("sta_25ch_v2", "sta_25ch"))
    ids = [cell_id for cell_id in catalogue() if f"{cell_id}_uV" in digitised]
    trains = [
        read_npy(
            source / f"spike_trains/{cell_id}_extracellular_spikes.npy",
            _MAX_TRAIN_BYTES,
            f"The spike train of {cell_id}",
        )
        for cell_id in ids
    ]
    np.savez_compressed(
        target / "scraps.npz",
        allow_pickle=False,
        cell_ids=np.array(ids),
        templates_uV=np.stack([digitised[f"{cell_id}_uV"] for cell_id in ids]),
        channels=np.stack([rows[f"{cell_id}_channels"] for cell_id in ids]),
        is_drawn_large=np.stack([digitised[f"{cell_id}_black"] for cell_id in ids]),
        n_spikes=np.array([len(train) for train in trains]),
        spike_samples=np.concatenate(trains).astype("<i4"),
    )
    _write_positions(source / "zhao2026_template_positions.csv", target / "published_positions.csv")
    print(f"{target}: {len(ids)} cells, {sum(map(len, trains))} spikes")


def _write_positions(source: Path, target: Path) -> None:
    """What was localized; the errors beside it in the source follow from the label."""
    with source.open(encoding="utf-8") as file, target.open("w", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["cell_id", "method", "x_um", "y_um"])
        for row in csv.DictReader(file):
            writer.writerow([row["cell"], row["method"], row["x_um"], row["y_um"]])


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
