"""Spikes in a few numbers: by hand, and of a built cell."""

import numpy as np
import pyarrow as pa
import pytest

import spe1
from spe1_builder.reading.spike_summary import SpikeSummary, summarize_spikes

CELLS = pa.table({"cell_id": ["c1", "c2", "c3"], "duration_s": [2.0, None, 10.0]})
SPIKES = {"cell_id": ["c2", "c1", "c1", "c1"], "time_s": [0.5, 0.0, 0.004, 1.004]}


def test_by_hand():
    amplitudes = pa.array([None, -50.0, 70.0, None])
    found = summarize_spikes(pa.table(SPIKES | {"amplitude_uV": amplitudes}), CELLS)
    assert found[0] == SpikeSummary("c2", 1, None, None, None, None)
    assert found[1].median_interval_ms == pytest.approx(502.0)
    assert (found[1].n_spikes, found[1].rate_hz) == (3, 1.5)
    assert (found[1].least_amplitude_uV, found[1].largest_amplitude_uV) == (-50.0, 70.0)
    without = summarize_spikes(pa.table(SPIKES), CELLS)
    assert [one.largest_amplitude_uV for one in without] == [None, None]
    assert summarize_spikes(pa.table(SPIKES).slice(0, 0), CELLS) == []


def test_of_built_cells(two_cells):
    table = spe1.spikes(two_cells)
    found = summarize_spikes(table, spe1.cells(two_cells))
    assert [one.cell_id for one in found] == ["c5", "c14"]
    for one in found:
        times_s = spe1.spikes(two_cells, one.cell_id)["time_s"].to_numpy()
        assert one.n_spikes == len(times_s)
        assert one.rate_hz == pytest.approx(len(times_s) / (48_017 / 30_000))
        assert one.median_interval_ms == pytest.approx(1e3 * np.median(np.diff(times_s)))
