"""The scraps as rows, against the objects they come from and ``datasets`` itself."""

import datasets
import numpy as np
import pyarrow as pa
import pytest

import spe1
from spe1_builder.dataset.scraps.table import COLUMNS, FEATURES, SCHEMA, scraps_table


@pytest.fixture(scope="module")
def table():
    return scraps_table()


def test_a_row_a_cell(table):
    assert table.schema.equals(SCHEMA) and table.num_rows == 21
    for row, cell in zip(table.to_pylist(), spe1.scraps(), strict=True):
        assert row["cell_id"] == cell.cell_id and row["origin"] == "digitised"
        assert np.array_equal(np.float32(row["template_uV"]), cell.template_uV)
        assert np.array_equal(np.float32(row["positions_um"]), cell.positions_um)
        assert row["channels"] == cell.channels.tolist()
        assert row["spike_samples"] == cell.spike_samples.tolist()
        assert sum(row["is_doubled"]) == cell.is_doubled.sum()
        assert (row["gt_channel"], row["label_rule"]) == (cell.label.channel, cell.label.rule)
        assert len(row["published_methods"]) == len(row["published_positions_um"])
        assert row["license"] == "cc-by-sa-4.0" and row["faults"] == [f.text for f in cell.faults]
    by_id = dict(zip(table["cell_id"].to_pylist(), table["has_bad_train"].to_pylist(), strict=True))
    assert [cell_id for cell_id, is_bad in by_id.items() if is_bad] == ["c44"]


def test_features_are_those_that_datasets_reads(table, tmp_path):
    """Every value is there, no column is null, and a stream file of it loads."""
    features = datasets.Features.from_dict(FEATURES)
    assert features.arrow_schema.equals(SCHEMA)
    assert all(table[column.name].null_count == 0 for column in COLUMNS)
    path = tmp_path / "data.arrow"
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, SCHEMA) as writer:
        writer.write_table(table)
    loaded = datasets.Dataset.from_file(str(path)).cast(features)
    assert loaded[4]["cell_id"] == "c14"
    assert np.shape(loaded.with_format("numpy")[4]["template_uV"]) == (25, 121)


def test_columns_say_what_they_are():
    assert len({column.name for column in COLUMNS}) == len(COLUMNS)
    for column in COLUMNS:
        assert column.meaning and (not column.name.endswith("_um") or column.unit == "um")
