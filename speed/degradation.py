"""A day of the degradation: composed out of filtered windows, against the plain way.

The plain way replaces the counts of the dead electrodes and preprocesses the recording
again, for each of 16 days and 5 seeds. Prints seconds of both for all 80 on one core
(the plain one measured on two of them), their ratio, and the largest difference.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from common import record

from spe1_builder.benchmark.localization.degradation.noise import NoiseCounts, dying_order
from spe1_builder.benchmark.localization.degradation.windows import DegradedWindows
from spe1_builder.benchmark.localization.options import DAYS, ELECTRODES_PER_DAY, SEEDS
from spe1_builder.signal.bandpass.preprocess import FastPreprocessor
from spe1_builder.source.recording.raw import RawCell, open_raw_cell
from spe1_builder.source.simulation.archive import SimulationOptions, simulate_cell

N_BEFORE, N_AFTER = 30, 60
#: Samples preprocessed at a time.
PIECE = 90_000


class PlainlyDegraded:
    """A recording whose dead electrodes hold noise."""

    def __init__(self, raw: RawCell, seed: int, n_dead: int):
        self.n_npx, self._raw = raw.n_npx, raw
        self._noise, self._dead = NoiseCounts(seed, raw.n_npx), dying_order(seed)[:n_dead]

    def read_counts(self, start: int, stop: int, out: np.ndarray | None = None) -> np.ndarray:
        counts = self._raw.read_counts(start, stop, out)
        counts[:, self._dead] = self._noise.read_counts(start, stop)[:, self._dead]
        return counts


def plain(raw: RawCell, spikes: np.ndarray, seed: int, day: int) -> np.ndarray:
    """Spike windows of one day: float32 (n_spikes, n_samples, n_channels), uV."""
    preprocessor = FastPreprocessor(PlainlyDegraded(raw, seed, ELECTRODES_PER_DAY * day))
    windows = np.empty((len(spikes), N_BEFORE + N_AFTER, 384), np.float32)
    for start in range(0, raw.n_npx, PIECE):
        # Windows across a piece's end are read whole with the piece that they begin in.
        stop = min(start + PIECE + N_BEFORE + N_AFTER, raw.n_npx)
        traces_uV = preprocessor.read(start, stop)
        for i in np.flatnonzero((spikes - N_BEFORE >= start) & (spikes - N_BEFORE < start + PIECE)):
            offset = spikes[i] - N_BEFORE - start
            windows[i] = traces_uV[:, offset : offset + N_BEFORE + N_AFTER].T
    return windows


def composed(raw: RawCell, spikes: np.ndarray) -> tuple[float, np.ndarray]:
    """Seconds of all days and seeds, and the windows of the last."""
    begun = time.perf_counter()
    windows = DegradedWindows(raw, spikes, N_BEFORE, N_AFTER)
    for seed in SEEDS:
        for day in range(DAYS):
            last = windows.with_dead(seed, ELECTRODES_PER_DAY * day)
    return time.perf_counter() - begun, last


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--duration-s", type=float, default=31.0)
    parser.add_argument("--save", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        simulate_cell(folder, "c14", SimulationOptions(duration_s=args.duration_s))
        raw = open_raw_cell(Path(folder), "c14")
        spikes = raw.npx_sample(np.load(raw.files["spikes"]))
        spikes = spikes[(spikes >= N_BEFORE) & (spikes + N_AFTER <= raw.n_npx)]
        plain(raw, spikes[:1], 0, 1)  # compiles, and brings the file into memory
        composed_s, found_uV = composed(raw, spikes)
        begun = time.perf_counter()
        expected_uV = [plain(raw, spikes, SEEDS[-1], day) for day in (DAYS - 2, DAYS - 1)][-1]
        plain_s = (time.perf_counter() - begun) / 2 * DAYS * len(SEEDS)
    result = {
        "recording_s": args.duration_s,
        "n_spikes": len(spikes),
        "days_and_seeds": DAYS * len(SEEDS),
        "plain_s": plain_s,
        "composed_s": composed_s,
        "times_faster": plain_s / composed_s,
        "largest_difference_uV": float(np.abs(found_uV - expected_uV).max()),
    }
    record("degradation", result, save=args.save)


if __name__ == "__main__":
    main()
