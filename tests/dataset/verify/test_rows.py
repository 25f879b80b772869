"""``spe1 verify`` on rows that are whole as files and wrong as rows."""

import numpy as np
import pyarrow as pa
import pytest

from spe1_builder.dataset.rows.batches import SCHEMA
from spe1_builder.dataset.verify import verify
from tests.support.verify import (
    FIRST,
    SECOND,
    TEMPLATE_IS_NOT_THE_MEAN,
    TEST,
    edit_shard,
    found,
    peak_of,
    refresh,
)


def test_swapped_shards(cell):
    (cell / FIRST).rename(cell / "x")
    (cell / SECOND).rename(cell / FIRST)
    (cell / "x").rename(cell / SECOND)
    refresh(cell)
    assert found(cell) == [(FIRST, "sample_id"), (SECOND, "sample_id")]


def test_missing_row(cell):
    edit_shard(cell, SECOND, lambda rows: rows[:1])
    assert found(cell) == [("train", "rows")]


def test_nan(cell):
    def edit(rows):
        rows[1]["cp"][200][17] = np.nan

    edit_shard(cell, FIRST, edit)
    assert found(cell) == [(FIRST, "values of cp")]
    (finding,) = verify(cell.parent).findings
    assert "channel 200 of row 0000009300" in finding.what


def test_shape_of_a_row(cell):
    def edit(rows):
        rows[0]["cp"] = [values[:-1] for values in rows[0]["cp"]]
        rows[1]["cp"][3] = rows[1]["cp"][3][:-1]

    edit_shard(cell, FIRST, edit)
    facts = [(FIRST, f"shape of cp, row {first}") for first in ("0000000000", "0000009300")]
    assert found(cell) == facts


def test_row_without_all_channels(cell):
    def edit(rows):
        for name in ("cp", "cit", "ctt"):
            rows[0][name] = rows[0][name][:-1]

    edit_shard(cell, FIRST, edit)
    facts = [(FIRST, "channels of cit and ctt"), (FIRST, "shape of cp, row 0000000000")]
    assert sorted(found(cell)) == facts


def test_one_value_of_a_spike_window_differs(cell):
    """Far within what is finite: only the template shows it."""
    peak = peak_of(cell)

    def edit(rows):
        sample = round(rows[1]["ctt"][peak][0] * 30)
        rows[1]["cp"][100][sample] += 1.0

    edit_shard(cell, FIRST, edit)
    assert found(cell) == [TEMPLATE_IS_NOT_THE_MEAN]


def test_one_channel_shifted(cell):
    """Another zero on one channel: the median and the template show it."""

    def edit(rows):
        for row in rows:
            row["cp"][100] += np.float32(0.5)

    edit_shard(cell, FIRST, edit)
    assert sorted(where for where, _ in found(cell)) == ["dataset_stats.json", "templates.npz"]


def test_moved_spike(cell):
    peak = peak_of(cell)

    def edit(rows):
        rows[1]["ctt"][peak][0] += 3 / 30

    edit_shard(cell, FIRST, edit)
    assert [where for where, _ in found(cell)] == ["templates.npz", "patch.npz"]


def test_lost_spike(cell):
    peak = peak_of(cell)

    def edit(rows):
        for name in ("cit", "ctt"):
            rows[0][name][peak] = rows[0][name][peak][1:]

    edit_shard(cell, FIRST, edit)
    facts = found(cell)
    assert ("train", "spikes") in facts
    assert {where for where, _ in facts} <= {
        "train",
        "patch.npz",
        "templates.npz",
        "conversion_metadata.json",
    }


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        (lambda row, peak: row["ctt"][peak].__iadd__(0.4 / 30), "ctt on whole samples"),
        (lambda row, peak: row["cit"][peak].__iadd__(1), "unit in cit"),
        (
            lambda row, peak: row["ctt"].__setitem__(peak, row["ctt"][peak][::-1]),
            "ctt is not strictly ascending",
        ),
    ],
)
def test_spike_lists(cell, change, fact):
    peak = peak_of(cell)

    def edit(rows):
        change(rows[1], peak)

    edit_shard(cell, SECOND, edit)
    assert (SECOND, fact) in found(cell)


def test_two_spikes_on_one_sample(cell):
    peak = peak_of(cell)

    def edit(rows):
        rows[0]["ctt"][peak][1] = rows[0]["ctt"][peak][0] + 1e-9

    edit_shard(cell, SECOND, edit)
    assert (SECOND, "ctt is not strictly ascending") in found(cell)


def test_spike_beyond_the_segment(cell):
    peak = peak_of(cell)

    def edit(rows):
        rows[0]["ctt"][peak][-1] = 9_300 / 30

    edit_shard(cell, SECOND, edit)
    assert (SECOND, "ctt within the segment") in found(cell)


def test_cit_without_ctt(cell):
    def edit(rows):
        rows[0]["cit"][5] = np.zeros(1, dtype=np.int32)

    edit_shard(cell, SECOND, edit)
    assert found(cell) == [(SECOND, "cit and ctt have not the same nesting")]


def test_batches_of_one_row(cell):
    edit_shard(cell, FIRST, lambda rows: None, batch_rows=1)
    assert found(cell) == [(name, "rows in a record batch") for name in (FIRST, SECOND)]


def test_schema(cell):
    wide = pa.field("ctt", pa.list_(pa.list_(pa.float32())))
    edit_shard(cell, TEST, lambda rows: None, schema=SCHEMA.with_metadata({"huggingface": "{}"}))
    assert found(cell) == [(TEST, "schema metadata")]
    stream = pa.ipc.open_stream((cell / TEST).read_bytes()).read_all().replace_schema_metadata(None)
    other = stream.set_column(3, wide, stream["ctt"].cast(wide.type))
    (cell / TEST).unlink()
    with pa.OSFile(str(cell / TEST), "wb") as sink, pa.ipc.new_stream(sink, other.schema) as out:
        out.write_table(other)
    refresh(cell)
    assert found(cell) == [(TEST, "schema")]


def test_arrow_file_instead_of_a_stream(cell):
    table = pa.ipc.open_stream((cell / TEST).read_bytes()).read_all()
    (cell / TEST).unlink()
    with pa.OSFile(str(cell / TEST), "wb") as sink, pa.ipc.new_file(sink, table.schema) as out:
        out.write_table(table)
    refresh(cell)
    assert found(cell) == [(TEST, "not a whole Arrow stream")]
