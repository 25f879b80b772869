"""`map_segments`: any number of rows, the traces as they lie, spike times in full."""

import shutil

import numpy as np
import pytest

import spe1
from spe1_builder.errors import OptionError
from spe1_builder.reading.segment_dataset import SegmentDataset
from tests.support.long_rows import N_ROWS, N_SAMPLES, write_long_rows


@pytest.fixture(scope="module")
def splits(built):
    return spe1.load("c14", built.folder.parent)


def measure(segment) -> dict:
    assert not segment.traces_uV.flags.writeable
    return {
        "first": segment.first,
        "sum_uV": float(segment.traces_uV.sum(dtype=np.float64)),
        "times_ms": segment.spike_times_ms,
        "spike_samples": segment.spike_samples,
    }


def test_values_of_every_segment(splits, built):
    measured = spe1.map_segments(splits, measure)
    for name, split in splits.items():
        assert measured[name].column_names == [
            "sample_id", "first", "sum_uV", "times_ms", "spike_samples"
        ]  # fmt: skip
        for i, row in enumerate(measured[name]):
            plain = split.select_columns(["sample_id", "ctt"])[i]
            traces_uV = spe1.segment_uV(split, i)
            assert row["sample_id"] == plain["sample_id"] == f"{row['first']:010d}"
            assert row["sum_uV"] == traces_uV.sum(dtype=np.float64)
            times_ms = max(plain["ctt"], key=len)
            assert row["times_ms"] == times_ms  # float64, to the last bit
            assert row["spike_samples"] == [round(time_ms * 30) for time_ms in times_ms]


def test_in_any_order_format_and_number_of_processes(splits):
    expected = spe1.map_segments(splits["train"], measure)["sum_uV"][:]
    order = [2, 0, 3]
    for view in (splits["train"].select(order), splits["train"].with_format("numpy").select(order)):
        got = spe1.map_segments(view, measure, num_proc=2)
        assert got["sum_uV"][:] == [expected[i] for i in order]
    assert len(spe1.map_segments(splits["train"].select([]), measure)) == 0


def test_beside_the_rows(splits):
    def halve(segment):
        return {"cp": segment.traces_uV / 2, "sd_uV": float(segment.traces_uV.std())}

    for split in (splits["train"], splits["train"].select([3, 1])):
        kept = spe1.map_segments(split, halve, keep_rows=True)
        assert set(kept.column_names) == {"sample_id", "cp", "cit", "ctt", "sd_uV"}
        assert isinstance(kept, SegmentDataset)
        for i in range(len(split)):
            np.testing.assert_array_equal(spe1.segment_uV(kept, i), spe1.segment_uV(split, i) / 2)
        ctt = [rows.select_columns("ctt")[1] for rows in (kept, split)]
        assert ctt[0] == ctt[1]
    measured = spe1.map_segments(splits["train"], measure, keep_rows=True)
    np.testing.assert_array_equal(spe1.segment_uV(measured, 2), spe1.segment_uV(splits["train"], 2))


def test_as_many_rows_as_a_long_cell_has(tmp_path):
    """Also joined, where `map` ends in "offset overflow"; see `test_segment_dataset.py`."""
    from datasets import concatenate_datasets, load_from_disk

    write_long_rows(tmp_path / "train")
    rows = load_from_disk(str(tmp_path / "train"))
    joined = concatenate_datasets([rows, rows.select(range(3))])
    times = {row: [1 / 3 + row] for row in range(N_ROWS)}

    def look(segment):
        return {"number": segment.first // N_SAMPLES, "times_ms": segment.spike_times_ms}

    found = spe1.map_segments(joined, look)
    assert found["number"][:] == [*range(N_ROWS), 0, 1, 2]
    assert found["times_ms"][:] == [*times.values(), times[0], times[1], times[2]]
    kept = spe1.map_segments(rows, look, keep_rows=True)
    assert kept.num_rows == N_ROWS and kept.features["cp"] == rows.features["cp"]
    shuffled = spe1.map_segments(rows.shuffle(seed=1), look, keep_rows=True)
    ids = shuffled.select_columns(["sample_id", "number"])
    assert [int(row["sample_id"]) // N_SAMPLES for row in ids] == ids["number"][:]
    shutil.rmtree(tmp_path)


def test_what_the_function_raises_comes_through(splits):
    def fail(segment):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        spe1.map_segments(splits["train"], fail)


@pytest.mark.parametrize("value", [None, 3, {1: 2}, [("a", 1)]])
def test_a_function_that_gives_no_columns(splits, value):
    with pytest.raises(OptionError, match="does not give columns"):
        spe1.map_segments(splits["train"], lambda segment: value)


def test_values_that_make_no_column(splits):
    import datasets

    def late(segment):
        """Nothing where datasets looks for the type."""
        return {"late": None if segment.first < 20_000 else 1.5}

    def mixed(segment):
        return {"mixed": "x" if segment.first else 1}

    for function in (late, mixed):
        with pytest.raises(OptionError, match="does not make a column"):
            spe1.map_segments(splits["train"], function)
    features = {"late": datasets.Value("float32")}
    got = spe1.map_segments(splits["train"], late, features=features)
    assert got["late"][:] == [None, None, None, 1.5]
    assert got.features["late"] == features["late"]
    for wrong in ({"late": "no type"}, 3, {"late": object()}):
        with pytest.raises(OptionError):
            spe1.map_segments(splits["train"], late, features=wrong)


def test_wrong_arguments(splits):
    for arguments in (
        (splits["train"], "measure"),
        (splits["train"].to_iterable_dataset(), measure),
        (splits["train"].remove_columns("ctt"), measure),
        ("spe1/c14", measure),
    ):
        with pytest.raises(OptionError):
            spe1.map_segments(*arguments)
    for num_proc in (0, -1, 1.5, "2", True):
        with pytest.raises(OptionError, match="number of processes"):
            spe1.map_segments(splits["train"], measure, num_proc=num_proc)
