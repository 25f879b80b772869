"""``spe1 verify`` on what the rows add up to: the template and the statistics."""

from pathlib import Path

import numpy as np
import pytest

from spe1_builder.constants import N_CHANNELS
from spe1_builder.dataset.findings import Report
from spe1_builder.dataset.metadata import DatasetStats
from spe1_builder.dataset.sidecars.stats import compare, make_stats
from spe1_builder.dataset.verify.template_sum import TemplateSum
from spe1_builder.signal.quartiles.histogram import ChannelHistogram, Quartiles
from tests.support.verify import edit_json, found, refresh, write_shard

#: A channel whose quartiles lie beyond the histogram, which the build computes exactly.
WIDE = 200


@pytest.fixture(scope="module")
def wide_rows(tmp_path_factory) -> tuple[list[Path], Quartiles, DatasetStats]:
    """A shard of three rows, its quartiles, and the statistics that the build makes of it."""
    folder = tmp_path_factory.mktemp("wide")
    traces = np.random.default_rng(0).normal(scale=20, size=(N_CHANNELS, 3 * 400))
    traces[WIDE] *= 100
    nothing = [np.empty(0)] * N_CHANNELS
    rows = [
        {"sample_id": f"{i:010d}", "cp": list(part), "cit": nothing, "ctt": nothing}
        for i, part in enumerate(np.split(traces.astype(np.float32), 3, axis=1))
    ]
    histogram = ChannelHistogram()
    for row in rows:
        histogram.add(np.array(row["cp"]))
    quartiles, shards = histogram.quartiles(), [folder / "data.arrow"]
    assert np.isnan(quartiles.iqr).nonzero()[0].tolist() == [WIDE]
    write_shard(shards[0], rows)
    return shards, quartiles, make_stats(quartiles, shards)


@pytest.mark.parametrize("segment", [1, 7, 20, 33, 400])
def test_template_over_segments_of_any_length(segment):
    """Windows of 25 samples that cross no, one or many segment edges."""
    rng = np.random.default_rng(segment)
    n_samples, n_before, n_after = 400, 10, 15
    traces = rng.normal(size=(N_CHANNELS, n_samples)).astype(np.float32)
    spikes = np.sort(rng.choice(n_samples, 40, replace=False))
    spikes = np.union1d(spikes, [0, 9, 10, 20, 21, 385, 386, 399])
    template = TemplateSum(n_before, n_after, n_samples)
    for first in range(0, n_samples, segment):
        part = traces[:, first : first + segment]
        inside = spikes[(spikes >= first) & (spikes < first + segment)]
        template.add(first, part, inside)
    used = [s for s in spikes if s >= n_before and s + n_after <= n_samples]
    expected = np.mean([traces[:, s - n_before : s + n_after] for s in used], axis=0, dtype=float)
    assert template.n_used == len(used)
    np.testing.assert_allclose(template.mean_uV(), expected.T, atol=1e-12)


def test_statistics(cell):
    def edit(document):
        document["median"][9] += 0.03
        document["n_samples"] += 1

    edit_json(cell / "dataset_stats.json", edit)
    refresh(cell)
    assert found(cell) == [("dataset_stats.json", "n_samples"), ("dataset_stats.json", "median")]
    edit_json(cell / "dataset_stats.json", lambda document: document["iqr"].pop())
    refresh(cell)
    assert found(cell) == [
        ("dataset_stats.json", "dataset_stats.json is malformed, or was written by another version")
    ]


def test_statistics_of_other_rows(cell):
    def edit(document):
        document["iqr"] = [9.0] * N_CHANNELS
        document["abs_iqr"] = [1e5] * N_CHANNELS

    edit_json(cell / "dataset_stats.json", edit)
    refresh(cell)
    assert found(cell) == [("dataset_stats.json", "iqr"), ("dataset_stats.json", "abs_iqr")]


@pytest.mark.parametrize(
    ("name", "shift_uV", "is_found"),
    [
        ("median", 0.009, False),
        ("median", 0.011, True),
        ("iqr", 0.019, False),
        ("iqr", -0.021, True),
        ("abs_iqr", -0.019, False),
        ("abs_iqr", 0.021, True),
    ],
)
@pytest.mark.parametrize("channel", [9, WIDE])
def test_statistics_to_the_width_of_a_bin(wide_rows, name, shift_uV, is_found, channel):
    shards, quartiles, stats = wide_rows
    values = list(getattr(stats, name))
    values[channel] += shift_uV
    report = Report()
    changed = stats.model_copy(update={name: values})
    compare(changed, quartiles, shards, report.at("stats"))
    what = [finding.what for finding in report.findings()]
    assert [text.split(":")[0] for text in what] == [name] * is_found
    assert all(text.endswith(f"on channel {channel}, 1 channels in all") for text in what)
