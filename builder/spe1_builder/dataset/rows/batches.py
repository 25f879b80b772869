"""Segments as Arrow rows: the schema, zero-copy batches, shards and what loads them.

Arrow stream files, two rows a record batch, no Hugging Face schema metadata,
``Sequence`` in ``dataset_info.json``: the form that datasets 3.6 to 5.2 load at
full length. One-row batches break ``load_dataset`` beyond 62 rows, because an
inner list offset is int32.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from spe1_builder.constants import N_CHANNELS, NPX_RATE_HZ
from spe1_builder.dataset.json_text import write_json
from spe1_builder.disk.direct import HashingFile
from spe1_builder.layout import DATASET_INFO_NAME, STATE_NAME, shard_name

BATCH_ROWS = 2
#: Shards hold whole batches and are about this large, as ``save_to_disk`` makes them.
SHARD_BYTES = 576_000_000

SCHEMA = pa.schema(
    [
        ("sample_id", pa.string()),
        ("cp", pa.list_(pa.list_(pa.float32()))),
        ("cit", pa.list_(pa.list_(pa.int32()))),
        ("ctt", pa.list_(pa.list_(pa.float64()))),
    ]
)


def _nested(dtype: str) -> dict[str, Any]:
    value = {"dtype": dtype, "_type": "Value"}
    return {"feature": {"feature": value, "_type": "Sequence"}, "_type": "Sequence"}


#: The schema in ``datasets``' words; ``Sequence`` is what every version reads.
FEATURES = {
    "sample_id": {"dtype": "string", "_type": "Value"},
    "cp": _nested("float32"),
    "cit": _nested("int32"),
    "ctt": _nested("float64"),
}


@dataclass(frozen=True)
class Row:
    """One segment but for its traces.

    Attributes
    ----------
    first : int
        First sample, counted from the start of the analysis window.
    n_samples : int
    row_spikes : np.ndarray
        int64 (n,), samples within the segment.
    """

    first: int
    n_samples: int
    row_spikes: np.ndarray

    @property
    def n_values(self) -> int:
        return N_CHANNELS * self.n_samples


def make_batch(rows: Sequence[Row], traces_uV: np.ndarray, peak_channel: int) -> pa.RecordBatch:
    """Rows as a record batch whose ``cp`` values are the given memory itself.

    Parameters
    ----------
    rows : sequence of Row
    traces_uV : np.ndarray
        float32 (sum of n_values,): the rows' (N_CHANNELS, n_samples) blocks, one
        after the other.
    peak_channel : int
        Channel that carries the spikes.
    """
    lengths = np.repeat([row.n_samples for row in rows], N_CHANNELS)
    n_spikes = np.zeros((len(rows), N_CHANNELS), dtype=np.int64)
    n_spikes[:, peak_channel] = [len(row.row_spikes) for row in rows]
    spikes = np.concatenate([row.row_spikes for row in rows])
    times_ms = spikes / (NPX_RATE_HZ / 1000.0)
    ids = "".join(f"{row.first:010d}" for row in rows).encode()
    id_ends = np.arange(0, len(ids) + 1, 10, dtype=np.int32)
    return pa.RecordBatch.from_arrays(
        [
            pa.StringArray.from_buffers(len(rows), pa.py_buffer(id_ends), pa.py_buffer(ids)),
            _lists(_values(traces_uV, pa.float32()), lengths),
            _lists(_values(np.zeros(len(spikes), np.int32), pa.int32()), n_spikes.ravel()),
            _lists(_values(times_ms, pa.float64()), n_spikes.ravel()),
        ],
        schema=SCHEMA,
    )


def _values(values: np.ndarray, kind: pa.DataType) -> pa.Array:
    """The memory as an Arrow array; ``pa.array`` would import pandas first, half a second."""
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


def _lists(values: pa.Array, lengths: np.ndarray) -> pa.ListArray:
    """Values as rows of N_CHANNELS lists of the given lengths: (n_rows * N_CHANNELS,)."""
    inner = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    outer = np.arange(0, len(lengths) + 1, N_CHANNELS, dtype=np.int32)
    channels = pa.ListArray.from_arrays(_values(inner, pa.int32()), values)
    return pa.ListArray.from_arrays(_values(outer, pa.int32()), channels)


class SplitWriter:
    """Writes one split's batches to its shards, then its two loader files.

    Parameters
    ----------
    folder : Path
        ``train`` or ``test`` of the cell; made here, and emptied first.
    n_rows : int
        Rows that will come.
    row_values : int
        float32 values of a full row, to size the shards.
    """

    def __init__(self, folder: Path, n_rows: int, row_values: int):
        self.folder = folder
        batches = max(1, round(SHARD_BYTES / (4 * row_values * BATCH_ROWS)))
        self._shard_rows = batches * BATCH_ROWS
        self._n_shards = -(-n_rows // self._shard_rows)
        self._sink: HashingFile | None = None
        self._stream: pa.RecordBatchStreamWriter | None = None
        self.n_written = 0
        self.shards: list[Path] = []
        self.hashes: dict[str, str] = {}
        if folder.exists():
            shutil.rmtree(folder)  # of an earlier pass
        folder.mkdir()

    def write(self, rows: Sequence[Row], traces_uV: np.ndarray, peak_channel: int) -> None:
        """Append a batch.

        Parameters
        ----------
        rows : sequence of Row
        traces_uV : np.ndarray
            float32 (sum of n_values,), as in `make_batch`.
        peak_channel : int
            Channel that carries the spikes.
        """
        if self.n_written == len(self.shards) * self._shard_rows:
            self._close_shard()
            path = self.folder / shard_name(len(self.shards), self._n_shards)
            self.shards.append(path)
            self._sink = HashingFile(path)
            self._stream = pa.ipc.new_stream(pa.PythonFile(self._sink, mode="w"), SCHEMA)
        assert self._stream is not None
        self._stream.write_batch(make_batch(rows, traces_uV, peak_channel))
        self.n_written += len(rows)

    def _close_shard(self) -> None:
        if self._stream is not None:
            self._stream.close()
        if self._sink is not None:
            self._sink.close()
            self.hashes[self._sink.path.name] = self._sink.xxh3_128
        self._stream = self._sink = None

    def close(self) -> None:
        """Finish the last shard."""
        self._close_shard()

    def mark(self, mark: str) -> None:
        """Put the mark of the cell's fingerprint into the names of the shards, once all are closed.

        Parameters
        ----------
        mark : str
            `spe1_builder.layout.shard_mark`.
        """
        for index, path in enumerate(self.shards):
            marked = path.with_name(shard_name(index, self._n_shards, mark))
            path.rename(marked)
            self.shards[index] = marked
            self.hashes[marked.name] = self.hashes.pop(path.name)

    def abandon(self) -> None:
        """Let go of an unfinished shard, for a build that fails; nothing after `close`."""
        if self._sink is not None:
            self._sink.abandon()

    def write_loader_files(self, info: dict[str, Any], fingerprint: str) -> None:
        """``dataset_info.json`` and ``state.json``, which make ``load_from_disk`` work."""
        state: dict[str, Any] = {
            "_data_files": [{"filename": path.name} for path in self.shards],
            "_fingerprint": fingerprint[:16],
            "_format_columns": None,
            "_format_kwargs": {},
            "_format_type": None,
            "_output_all_columns": False,
            "_split": self.folder.name,
        }
        write_json(self.folder / DATASET_INFO_NAME, info)
        write_json(self.folder / STATE_NAME, state)
