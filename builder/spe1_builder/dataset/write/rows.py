"""Segments as Arrow rows: the schema, zero-copy batches, shards and their side files.

Arrow stream files, two rows a record batch, no Hugging Face schema metadata,
``Sequence`` in ``dataset_info.json``: the form that datasets 3.6 to 5.2 load at
full length. One-row batches break ``load_dataset`` beyond 62 rows, because an
inner list offset is int32.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from spe1_builder.constants import N_CHANNELS, NPX_RATE_HZ
from spe1_builder.disk.direct import HashingFile, hash_file
from spe1_builder.errors import OutputError
from spe1_builder.layout import DATASET_INFO_NAME, STATE_NAME, shard_name
from spe1_builder.progress import Progress

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
    spikes : np.ndarray
        int64 (n,), samples within the segment.
    """

    first: int
    n_samples: int
    spikes: np.ndarray

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
    n_spikes[:, peak_channel] = [len(row.spikes) for row in rows]
    spikes = np.concatenate([row.spikes for row in rows])
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


class _Filling:
    """What pyarrow writes to: puts the rows' values where it writes their stand-in.

    A batch needs all of its values in one piece of memory, 276 MB for two rows. It is made
    on memory that is never touched, so never there, and the values are written row by row.
    """

    def __init__(self, sink: HashingFile):
        self._sink = sink
        self._stand_in: np.ndarray | None = None
        self._blocks: Iterable[np.ndarray] = ()

    def expect(self, stand_in: np.ndarray, blocks: Iterable[np.ndarray]) -> None:
        """From here on, ``stand_in`` is written as the ``blocks`` that follow each other."""
        self._stand_in, self._blocks = stand_in, blocks

    def write(self, data: Any) -> int:
        stand_in = self._stand_in
        if stand_in is None or _place(data) != _place(stand_in):
            return self._sink.write(data)
        self._stand_in = None
        n_bytes = sum(self._sink.write(block) for block in self._blocks)
        if n_bytes != stand_in.nbytes:
            raise ValueError(f"blocks of {stand_in.nbytes} bytes in all, not {n_bytes}")
        return n_bytes

    def check(self) -> None:
        """Raise if the stand-in was not met: its memory, which holds anything, was written."""
        if self._stand_in is not None:
            raise OutputError(
                "pyarrow did not write a batch's values as it was given them.",
                where=self._sink.path,
                do="report it with your pyarrow version; another version may work",
            )

    def flush(self) -> None:
        pass

    @property
    def closed(self) -> bool:
        return self._sink.closed


def _place(data: Any) -> tuple[int, int]:
    """Address and size of a buffer."""
    values = np.frombuffer(data, np.uint8)
    return values.ctypes.data, values.nbytes


@dataclass(frozen=True)
class _Placed:
    """Where a batch ends in its shard, and its rows."""

    path: Path
    end: int
    rows: list[Row]


def _spike_bytes(rows: Sequence[Row], channel: int) -> bytes:
    """The buffers of ``cit`` and ``ctt`` as they end the body of a record batch."""
    empty = [Row(row.first, 0, row.spikes) for row in rows]
    batch = make_batch(empty, np.empty(0, np.float32), channel)
    message = batch.select(["cit", "ctt"]).serialize().to_pybytes()
    # Encapsulated message: continuation mark, length of the metadata, metadata, body.
    return message[8 + int.from_bytes(message[4:8], "little") :]


class SplitWriter:
    """Writes one split's batches to its shards, then its two side files.

    Parameters
    ----------
    folder : Path
        ``train`` or ``test`` of the cell; made here.
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
        self._filling: _Filling | None = None
        self._stream: pa.RecordBatchStreamWriter | None = None
        self.n_written = 0
        self.shards: list[Path] = []
        self.hashes: dict[str, str] = {}
        self._placed: list[_Placed] = []
        folder.mkdir()

    def write(self, rows: Sequence[Row], blocks: Iterable[np.ndarray], peak_channel: int) -> None:
        """Append a batch.

        Parameters
        ----------
        rows : sequence of Row
        blocks : iterable of np.ndarray
            float32, contiguous, uV: the rows' (N_CHANNELS, n_samples) values. One is
            taken at a time, and its memory is free again when the next is taken.
        peak_channel : int
            Channel that carries the spikes.
        """
        if self.n_written == len(self.shards) * self._shard_rows:
            self._close_shard()
            path = self.folder / shard_name(len(self.shards), self._n_shards)
            self.shards.append(path)
            self._sink = HashingFile(path)
            self._filling = _Filling(self._sink)
            self._stream = pa.ipc.new_stream(pa.PythonFile(self._filling, mode="w"), SCHEMA)
        assert self._stream is not None and self._sink is not None and self._filling is not None
        stand_in = np.empty(sum(row.n_values for row in rows), np.float32)
        self._filling.expect(stand_in, blocks)
        self._stream.write_batch(make_batch(rows, stand_in, peak_channel))
        self._filling.check()
        self.n_written += len(rows)
        self._placed.append(_Placed(self.shards[-1], self._sink.n_written, list(rows)))

    def _close_shard(self) -> None:
        if self._stream is not None:
            self._stream.close()
        if self._sink is not None:
            self._sink.close()
            self.hashes[self._sink.path.name] = self._sink.xxh3_128
        self._stream = self._filling = self._sink = None

    def close(self) -> None:
        """Finish the last shard."""
        self._close_shard()

    @property
    def n_bytes(self) -> int:
        """Bytes of the shards that are written."""
        return sum(path.stat().st_size for path in self.shards)

    def move_spikes(self, old_channel: int, new_channel: int, progress: Progress) -> None:
        """Put the spikes of a closed split on another channel, in place, and hash it again.

        The spike lists are the last few kilobytes of a batch, and only their offsets
        change: the result is what writing with the new channel would have given.
        """
        for placed in self._placed:
            old, new = (_spike_bytes(placed.rows, c) for c in (old_channel, new_channel))
            with placed.path.open("r+b") as file:
                file.seek(placed.end - len(old))
                if file.read(len(old)) != old or len(new) != len(old):
                    raise OutputError(
                        "A shard does not end its batches as it was written.",
                        where=placed.path,
                        do="build the cell again; if it happens again, report it with your "
                        "pyarrow version",
                    )
                file.seek(placed.end - len(new))
                file.write(new)
        for path in self.shards:
            self.hashes[path.name] = hash_file(path)
            progress.advance(path.stat().st_size)

    def abandon(self) -> None:
        """Let go of an unfinished shard, for a build that fails; nothing after `close`."""
        if self._sink is not None:
            self._sink.abandon()

    def write_side_files(self, info: dict[str, Any], fingerprint: str) -> None:
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


def write_json(path: Path, value: Any) -> None:
    """Write valid JSON: NaN and infinity are an error, not a file nobody can read."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
