"""Where the traces lie in a shard, by the heads of its record batches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spe1_builder.constants import N_CHANNELS
from spe1_builder.errors import OutputError, Spe1Error
from spe1_builder.reading.afar.blocks import FarFile
from spe1_builder.reading.decode import decode_first

#: Schema, a batch's own description, ids and offsets of two rows are some 6 kB.
HEAD_BYTES = 16_384
#: More than that before the first value is no cell of ours.
_LONGEST_HEAD_BYTES = 4_000_000
_END = b"\xff\xff\xff\xff\0\0\0\0"


@dataclass(frozen=True)
class RowPlace:
    """Where the traces of a row lie.

    Attributes
    ----------
    first : int
        Its first sample, as its ``sample_id`` says.
    n_samples : int
    offset : int
        Of its first value in the file, bytes. float32 (N_CHANNELS, n_samples) begin there.
    """

    first: int
    n_samples: int
    offset: int


@dataclass(frozen=True)
class BatchHead:
    """A record batch without its values.

    Attributes
    ----------
    rows : tuple of RowPlace
    end : int
        Where the next one begins in the file.
    """

    rows: tuple[RowPlace, ...]
    end: int


class _TooShort(Exception):
    """The head does not hold all that stands before the values.

    Parameters
    ----------
    needed : int
        Bytes that do.
    """

    def __init__(self, needed: int):
        self.needed = needed


def read_head(file: FarFile, start: int) -> BatchHead | None:
    """The record batch that begins at ``start``; None at the end of the stream.

    Parameters
    ----------
    file : FarFile
        A shard.
    start : int
        0, or where another batch ends.

    Raises
    ------
    OutputError
        It is no shard of a cell.
    MissingFileError, LoginError, ServerError
        It cannot be read.
    """
    import pyarrow as pa

    n_bytes = HEAD_BYTES
    try:
        while True:
            head = file.read(start, min(start + n_bytes, file.size))
            if start and (not head or head.startswith(_END)):
                return None
            try:
                return _parse(head, start, file.size)
            except _TooShort as error:
                if not n_bytes < error.needed <= _LONGEST_HEAD_BYTES:
                    raise ValueError(f"{error.needed} bytes before the traces") from None
                n_bytes = error.needed
    except (ValueError, LookupError, TypeError, EOFError, OSError, pa.lib.ArrowException) as error:
        if isinstance(error, Spe1Error) and not isinstance(error, ValueError):
            raise
        raise OutputError(
            "A shard of the cell is damaged, or none that spe1 wrote.",
            where=file.where,
            got=f"byte {start}: {type(error).__name__}: {error}",
            do="see what is wrong where it was built: spe1 verify; then upload it again",
        ) from error


def _parse(head: bytes, start: int, size: int) -> BatchHead:
    """pyarrow's own reader, over memory as long as the file whose pages nobody has touched.

    It gives arrays without looking at values, and where in that memory these lie is where
    they lie in the file.
    """
    import pyarrow as pa

    from spe1_builder.dataset.rows.batches import SCHEMA

    memory = np.zeros(size - start, np.uint8)
    memory[: len(head)] = np.frombuffer(head, np.uint8)
    base = memory.ctypes.data
    source = pa.BufferReader(pa.py_buffer(memory))
    if start == 0:
        schema = pa.ipc.read_schema(source)
        if not schema.equals(SCHEMA):
            raise ValueError(f"columns {', '.join(schema.names)} of other names or types")
        if source.tell() >= len(head):
            raise _TooShort(source.tell() + HEAD_BYTES)
    message = pa.ipc.read_message(source)
    if message.type != "record batch":
        raise ValueError(f"a message of type {message.type}")
    batch = pa.ipc.read_record_batch(message, SCHEMA)
    ids, cp = batch.column("sample_id"), batch.column("cp")
    values = cp.values.values.buffers()[1]

    def end_of(buffer: pa.Buffer) -> int:
        """Bytes from the head's first to the buffer's end."""
        place = buffer.address - base
        if not 0 <= place <= place + buffer.size <= len(memory):
            raise ValueError("values that are compressed")
        return int(place + buffer.size)

    before = [buffer for buffer in (*ids.buffers(), *cp.buffers()[:-1]) if buffer is not None]
    needed = max(map(end_of, before), default=0)
    if needed > len(head):
        raise _TooShort(needed)
    first_value = end_of(values) - values.size
    # Offsets out of range would crash the process; the values themselves are not touched.
    ids.validate(full=True)
    cp.validate(full=True)
    rows = []
    for i, first in enumerate(decode_first(ids.to_pylist())):
        channels = cp.slice(i, 1).flatten()
        offsets = channels.offsets.to_numpy().astype(np.int64)
        lengths = np.diff(offsets)
        if cp.null_count or channels.null_count or channels.values.null_count:
            raise ValueError("missing values")
        if len(lengths) != N_CHANNELS or (lengths != lengths[0]).any():
            raise ValueError(f"a row that is not {N_CHANNELS} channels of one length")
        rows.append(RowPlace(first, int(lengths[0]), start + first_value + 4 * int(offsets[0])))
    return BatchHead(tuple(rows), start + source.tell())
