"""Rows with as many values as real ones, of one bit each, which take no memory."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa

from spe1_builder.constants import N_CHANNELS
from spe1_builder.dataset.rows.batches import BATCH_ROWS, FEATURES, SCHEMA

#: Those of a 300-s cell's ``train``. 62 rows of 3 s are the most that 32-bit offsets count.
N_ROWS, N_SAMPLES = 80, 90_000
assert N_ROWS * N_CHANNELS * N_SAMPLES > 2**31


class _Sparse:
    """A file in which large zeros are holes."""

    closed = False

    def __init__(self, path: Path):
        self._file = path.open("wb")

    def write(self, data) -> int:
        view = memoryview(data).cast("B")
        if view.nbytes > 100_000 and not np.frombuffer(view, np.uint8).any():
            self._file.seek(view.nbytes, 1)
        else:
            self._file.write(view)
        return view.nbytes

    def flush(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True
        self._file.truncate(self._file.tell())
        self._file.close()


def write_long_rows(folder: Path) -> None:
    """A split as `SplitWriter` leaves it, 80 rows by twos, but for ``cp`` being bool."""
    folder.mkdir(parents=True)
    traces = pa.list_(pa.list_(pa.bool_()))
    schema = SCHEMA.set(1, pa.field("cp", traces))
    n_lists = BATCH_ROWS * N_CHANNELS
    bits = np.zeros(n_lists * N_SAMPLES // 8, np.uint8)
    values = pa.Array.from_buffers(pa.bool_(), 8 * len(bits), [None, pa.py_buffer(bits)])
    inner = pa.array(np.arange(n_lists + 1, dtype=np.int32) * N_SAMPLES)
    outer = pa.array(np.arange(BATCH_ROWS + 1, dtype=np.int32) * N_CHANNELS)
    cp = pa.ListArray.from_arrays(outer, pa.ListArray.from_arrays(inner, values))
    sink = _Sparse(folder / "data-00000-of-00001.arrow")
    with pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), schema) as stream:
        for i in range(0, N_ROWS, BATCH_ROWS):
            ids = [f"{row * N_SAMPLES:010d}" for row in range(i, i + BATCH_ROWS)]
            # A time that float32 does not hold.
            times = [[[1 / 3 + row], *[[]] * (N_CHANNELS - 1)] for row in range(i, i + BATCH_ROWS)]
            zeros = [[[0], *[[]] * (N_CHANNELS - 1)]] * BATCH_ROWS
            columns = [
                pa.array(ids),
                cp,
                pa.array(zeros, schema.field("cit").type),
                pa.array(times, schema.field("ctt").type),
            ]
            stream.write_batch(pa.record_batch(columns, schema=schema))
    sink.close()
    of_bits = json.loads(json.dumps(FEATURES["cp"]).replace("float32", "bool"))
    (folder / "dataset_info.json").write_text(json.dumps({"features": FEATURES | {"cp": of_bits}}))
    state = {
        "_data_files": [{"filename": "data-00000-of-00001.arrow"}],
        "_fingerprint": "0123456789abcdef",
        "_format_columns": None,
        "_format_kwargs": {},
        "_format_type": None,
        "_output_all_columns": False,
        "_split": folder.name,
    }
    (folder / "state.json").write_text(json.dumps(state))
