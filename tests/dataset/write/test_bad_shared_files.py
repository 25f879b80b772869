"""Unusable channel maps, summaries, options and cell names."""

from dataclasses import replace

import numpy as np
import pytest

from spe1_builder import errors
from spe1_builder.dataset.plan.options import BuildOptions
from spe1_builder.dataset.write.build import build_cell
from tests.support.recordings import SMALL


def test_map_without_xcoords(bench):
    bench.save_map(ycoords=np.zeros((384, 1)))
    bench.fails(errors.ProbeError, "no 'xcoords'")


def test_map_with_383_rows(bench):
    bench.save_map(xcoords=np.zeros((383, 1)), ycoords=np.zeros((383, 1)))
    bench.fails(errors.ProbeError, "one number per channel")


@pytest.mark.parametrize(("value", "match"), [(np.nan, "NaN"), (0.0, "two channels at one place")])
def test_map_with_impossible_places(bench, value, match):
    y = np.arange(384.0)
    x = np.full((384, 1), value)
    bench.save_map(xcoords=x, ycoords=np.zeros_like(x) if value == 0 else y[:, None])
    bench.fails(errors.ProbeError, match)


def test_map_that_is_no_matlab_file(bench):
    path = bench.archive.raw_dir / "chanMap.mat"
    path.unlink()
    bench.fails(errors.MissingFileError, "channel map is missing")
    path.write_bytes(b"<html></html>" * 100)
    bench.fails(errors.ProbeError, "cannot be read")


def test_summary_without_the_cell(bench):
    def edit(sheet, header):
        for row in range(sheet.max_row, 1, -1):
            if sheet.cell(row, 1).value == "c14":
                sheet.delete_rows(row)

    bench.edit_summary(edit)
    bench.fails(errors.SummaryError, "0 rows for cell c14")


def test_summary_without_the_column(bench):
    def edit(sheet, header):
        sheet.delete_cols(header.index("chan_predicted") + 1)

    bench.edit_summary(edit)
    bench.fails(errors.SummaryError, "no column 'chan_predicted'")


@pytest.mark.parametrize("value", [384, -1, 3.5, None, "159", True])
def test_electrode_that_is_no_channel(bench, value):
    def edit(sheet, header):
        column = header.index("chan_predicted") + 1
        for row in range(2, sheet.max_row + 1):
            if sheet.cell(row, 1).value == "c14":
                sheet.cell(row, column).value = value

    bench.edit_summary(edit)
    bench.fails(errors.SummaryError, "not a channel of the probe")


def test_unknown_patch_type(bench):
    def edit(sheet, header):
        for row in range(2, sheet.max_row + 1):
            sheet.cell(row, header.index("Patch Type") + 1).value = "Loose"

    bench.edit_summary(edit)
    bench.fails(errors.SummaryError, "Patch Type")


def test_summary_that_is_no_workbook(bench):
    path = bench.archive.raw_dir / "Data Summary.xlsx"
    path.unlink()
    bench.fails(errors.MissingFileError, "summary of the paired recordings is missing")
    path.write_bytes(b"<html>please log in</html>")
    bench.fails(errors.SummaryError, "cannot be read")


def test_recording_shorter_than_the_skip(bench):
    bench.fails(errors.RawDataError, "settling period", replace(SMALL, skip_seconds=10.0))


def test_fewer_than_two_segments(bench):
    bench.fails(errors.OptionError, "fewer than two", replace(SMALL, segment_duration_s=3.0))


def test_fraction_that_empties_a_split(bench):
    bench.fails(errors.OptionError, "without a segment", replace(SMALL, train_fraction=0.1))


def test_too_few_spikes(bench):
    bench.save(bench.spikes()[:1])
    bench.fails(errors.RawDataError, "Too few ground-truth spikes")


NAN = float("nan")
BAD_OPTIONS = [
    *[{"train_fraction": value} for value in (0, 1, 0.0, 1.0, -0.1, NAN)],
    *[{"skip_seconds": value} for value in (-1.0, NAN, float("inf"))],
    *[{"duration_s": value} for value in (0.0, -3.0, NAN, float("inf"))],
    *[{"segment_duration_s": value} for value in (0.0, NAN, 1000.0)],
    *[{"ms_before": value} for value in (0.0, -1.0, NAN)],
    {"ms_after": 0.0},
    {"spike_source": "guess"},
    {"engine": "gpu"},
    {"bad_channel_chunks": 0},
    {"bad_channel_chunks": 5.5},
    {"bad_channel_seed": None},
    {"duration_s": "300"},
    {"duration_s": None},
    {"train_fraction": True},
    {"engine": 3},
]


@pytest.mark.parametrize("given", BAD_OPTIONS, ids=str)
def test_options_that_cannot_work(given):
    with pytest.raises(errors.OptionError) as caught:
        BuildOptions(**given)
    assert next(iter(given)) in str(caught.value) and caught.value.do


def test_the_same_number_is_the_same_option():
    """Whatever type it came in: the fingerprint must not differ."""
    options = BuildOptions(duration_s=np.float32(2), skip_seconds=1, bad_channel_seed=np.int64(3))
    assert options == BuildOptions(duration_s=2.0, skip_seconds=1.0, bad_channel_seed=3)
    assert [type(value) for value in options.as_dict().values()] == [
        *[float] * 6,
        *[str] * 2,
        *[int] * 2,
    ]


@pytest.mark.parametrize("n_threads", [0, -1])
def test_no_threads(bench, n_threads):
    with pytest.raises(errors.OptionError, match="without a thread"):
        build_cell("c14", bench.archive.sources, bench.root, SMALL, n_threads=n_threads)


@pytest.mark.parametrize("name", ["../x", "c9", "c14/../c15", "", "/etc"])
def test_cell_names_do_not_reach_the_disk(bench, name):
    with pytest.raises(errors.UnknownCellError, match="spe1 cells"):
        build_cell(name, bench.archive.sources, bench.root, SMALL)
    assert not bench.root.exists()
