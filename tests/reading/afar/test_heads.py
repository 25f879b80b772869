"""Where the traces lie, by the heads of batches, against pyarrow's reading of the whole shard."""

import shutil

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spe1_builder.dataset.rows.batches import SCHEMA, Row, make_batch
from spe1_builder.errors import OutputError
from spe1_builder.reading.afar.blocks import FarFile
from spe1_builder.reading.afar.heads import HEAD_BYTES, read_head
from tests.support.long_rows import _Sparse

N_CHANNELS = 384


class Memory:
    """A store of one file in memory."""

    url = "memory://x"

    def __init__(self, content: bytes):
        self.content, self.n_bytes, self.n_requests = content, 0, 0

    def fetch(self, name: str, start: int, stop: int, size: int) -> bytes:
        self.n_bytes += stop - start
        self.n_requests += 1
        return self.content[start:stop]


_KEYS = iter(range(1_000_000))


def far_file(content: bytes) -> FarFile:
    return FarFile(Memory(content), "data.arrow", len(content), f"test {next(_KEYS)}")


def all_rows(file: FarFile):
    rows, at = [], 0
    while (head := read_head(file, at)) is not None:
        rows += head.rows
        assert head.end > at
        at = head.end
    return rows


def shard_of(batches) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batches[0].schema) as stream:
        for batch in batches:
            stream.write_batch(batch)
    return sink.getvalue().to_pybytes()


def a_batch(lengths: list[int], n_spikes: list[int], first: int, seed: int) -> pa.RecordBatch:
    rng = np.random.default_rng(seed)
    rows = []
    for length, n in zip(lengths, n_spikes, strict=True):
        rows.append(Row(first, length, np.sort(rng.integers(0, length, n))))
        first += length
    traces_uV = rng.standard_normal(N_CHANNELS * sum(lengths), dtype=np.float32)
    return make_batch(rows, traces_uV, 100)


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_any_shard(data):
    batches, first = [], data.draw(st.integers(0, 10**6))
    for _ in range(data.draw(st.integers(1, 3))):
        n_rows = data.draw(st.integers(1, 3))
        lengths = data.draw(st.lists(st.integers(1, 60), min_size=n_rows, max_size=n_rows))
        spikes = data.draw(st.lists(st.integers(0, 5), min_size=n_rows, max_size=n_rows))
        batches.append(a_batch(lengths, spikes, first, data.draw(st.integers(0, 9))))
        first += sum(lengths)
    content = shard_of(batches)
    expected = [
        (int(batch["sample_id"][i].as_py()), np.array(batch["cp"][i].as_py(), np.float32))
        for batch in pa.ipc.open_stream(content)
        for i in range(batch.num_rows)
    ]
    found = all_rows(far_file(content))
    assert [(row.first, row.n_samples) for row in found] == [
        (first, values.shape[1]) for first, values in expected
    ]
    for row, (_, values) in zip(found, expected, strict=True):
        here = np.frombuffer(content, "<f4", N_CHANNELS * row.n_samples, row.offset)
        np.testing.assert_array_equal(here.reshape(N_CHANNELS, -1), values)


def test_a_full_row_by_its_head_alone(tmp_path):
    """Two rows of 90,000 samples, 276 MB: a hole in a file but for its ends."""
    path = tmp_path / "data.arrow"
    rows = [Row(0, 90_000, np.array([5])), Row(90_000, 90_000, np.array([7, 9]))]
    sink = _Sparse(path)
    with pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), SCHEMA) as stream:
        stream.write_batch(make_batch(rows, np.zeros(2 * N_CHANNELS * 90_000, np.float32), 3))
    sink.close()
    with pa.memory_map(str(path)) as source:
        base = source.read_buffer(1).address
        source.seek(0)
        (batch,) = pa.ipc.open_stream(source)
        offset = batch["cp"].values.values.buffers()[1].address - base
        content = np.memmap(path, np.uint8, "r")
        file = far_file(content)
        found = all_rows(file)
    assert [(row.first, row.n_samples) for row in found] == [(0, 90_000), (90_000, 90_000)]
    assert [row.offset for row in found] == [offset, offset + 4 * N_CHANNELS * 90_000]
    assert file.store.n_bytes < 4 * HEAD_BYTES * 2
    del content, batch
    shutil.rmtree(tmp_path)


def test_what_is_no_shard_of_a_cell():
    good = a_batch([20, 30], [1, 2], 0, 1)
    content = shard_of([good])
    other = pa.record_batch({"sample_id": ["0"], "cp": [[[1.0]]]})
    ragged = pa.RecordBatch.from_arrays(
        [
            pa.array(["0000000000"]),
            pa.array([[[1.0]] * 383 + [[1.0, 2.0]]], SCHEMA.field("cp").type),
            *(pa.array([[[]] * N_CHANNELS], SCHEMA.field(name).type) for name in ("cit", "ctt")),
        ],
        schema=SCHEMA,
    )
    few = ragged.set_column(1, "cp", pa.array([[[1.0]] * 383], SCHEMA.field("cp").type))
    nulls = ragged.set_column(1, "cp", pa.array([[[None]] * 384], SCHEMA.field("cp").type))
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.ipc.new_stream(sink, SCHEMA, options=options) as stream:
        stream.write_batch(good)
    for name, damaged in {
        "empty": b"",
        "zeros": bytes(200_000),
        "text": b"<html>" * 10_000,
        "cut in its head": content[:700],
        "cut in its values": content[:40_000],
        "other columns": shard_of([other]),
        "ragged": shard_of([ragged]),
        "383 channels": shard_of([few]),
        "nulls": shard_of([nulls]),
        "compressed": sink.getvalue().to_pybytes(),
    }.items():
        with pytest.raises(OutputError, match="damaged"):
            read_head(far_file(damaged), 0)
            pytest.fail(name)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=80, deadline=None)
def test_mangled_heads_never_crash(seed):
    """A byte of the head changed: the same places, or an error of ours."""
    content = bytearray(shard_of([a_batch([20, 30], [1, 2], 0, 1)]))
    rng = np.random.default_rng(seed)
    for at in rng.integers(0, 6_000, 3):
        content[at] = rng.integers(0, 256)
    try:
        head = read_head(far_file(bytes(content)), 0)
    except OutputError:
        return
    for row in head.rows:
        assert 0 <= row.offset <= row.offset + 4 * N_CHANNELS * row.n_samples <= len(content)
