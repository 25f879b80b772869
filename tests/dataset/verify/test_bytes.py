"""``spe1 verify`` on damaged bytes: one finding, whatever the bytes mean."""

import numpy as np
import pyarrow as pa
import pytest

from spe1_builder.constants import N_CHANNELS
from spe1_builder.dataset.findings import Report
from spe1_builder.dataset.plan.window import Window
from spe1_builder.dataset.rows.batches import SCHEMA, Row, make_batch
from spe1_builder.dataset.sidecars import cell_files
from spe1_builder.dataset.verify import verify, verify_cell
from spe1_builder.dataset.verify.rows import RowCheck
from spe1_builder.dataset.verify.template_sum import TemplateSum
from spe1_builder.signal.quartiles.histogram import ChannelHistogram
from tests.support.verify import FIRST, MARK, TEST, edit_arrays, edit_shard, found, refresh, replace

NOT_LOOKED_AT = "(its content was not looked at)"


def test_clean(cell):
    (cell / "train" / "cache-0123456789abcdef.arrow").write_bytes(b"of the datasets library")
    assert verify(cell.parent).ok
    assert verify_cell(cell) == []
    assert verify(cell.parent, ["c14"]).ok


def test_helpers_rewrite_without_damage(cell):
    edit_shard(cell, FIRST, lambda rows: None)
    edit_arrays(cell / "templates.npz", lambda arrays: None)
    assert found(cell) == []


def test_flipped_byte(cell):
    data = bytearray((cell / FIRST).read_bytes())
    data[len(data) // 2] ^= 0x40
    replace(cell / FIRST, data)
    assert found(cell) == [(FIRST, f"xxh3_128 {NOT_LOOKED_AT}")]


def test_truncated_shard(cell):
    replace(cell / FIRST, (cell / FIRST).read_bytes()[:-1000])
    assert found(cell) == [(FIRST, f"size in bytes {NOT_LOOKED_AT}")]


@pytest.mark.parametrize("n_bytes", [0, 7, 3000, 20_000_000, -8])
def test_truncated_shard_with_its_size_recorded(cell, n_bytes):
    replace(cell / FIRST, (cell / FIRST).read_bytes()[:n_bytes])
    refresh(cell)
    assert found(cell) == [(FIRST, "not a whole Arrow stream")]


def test_shard_with_bytes_after_its_end(cell):
    data = (cell / FIRST).read_bytes()
    replace(cell / FIRST, data + data[-8:])
    refresh(cell)
    assert found(cell) == [(FIRST, "not a whole Arrow stream")]


@pytest.mark.parametrize("name", [FIRST, TEST, *cell_files()])
def test_missing_file(cell, name):
    (cell / name).unlink()
    assert found(cell) == [(name, "the file is missing")]


def test_file_that_nobody_lists(cell):
    (cell / "train" / f"data-{MARK}-00002-of-00003.arrow").write_bytes(b"")
    (cell / "notes.txt").write_text("mine")
    fact = "a file that the metadata does not list"
    extra = [("notes.txt", fact), (f"train/data-{MARK}-00002-of-00003.arrow", fact)]
    # The card's glob takes the foreign shard, which is what it would load.
    assert found(cell) == extra


def test_no_byte_of_a_shard_can_crash_it(tmp_path):
    """A process that touched offsets out of range would die here."""
    window = Window(0, 20, 5, 2)
    rows = [Row(first, 5, np.array([1, 3])) for first in (0, 5)]
    batch = make_batch(rows, np.zeros(2 * 5 * N_CHANNELS, dtype=np.float32), 40)
    path = tmp_path / "data.arrow"
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, SCHEMA) as stream:
        stream.write_batch(batch)
    good = path.read_bytes()
    values = good.index(bytes(4 * 5 * N_CHANNELS))
    rng = np.random.default_rng(0)
    places = np.concatenate([rng.integers(0, values, 150), rng.integers(0, len(good), 150)])
    n_found, histogram = 0, ChannelHistogram()
    for place in places:
        data = bytearray(good)
        data[place] = rng.integers(256)
        replace(path, data)
        report = Report()
        check = RowCheck(report, window, 40, TemplateSum(1, 2, 20), histogram)
        check.start_split("train")
        check.check_shard(path, "data.arrow", lambda n_bytes: None)
        check.finish_split("train")
        n_found += bool(report.findings())
    assert n_found > 75
