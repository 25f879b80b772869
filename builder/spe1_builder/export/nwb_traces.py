"""The traces of an NWB file, a piece at a time, into it and out of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from spe1_builder.export.packages import require_package
from spe1_builder.export.signal import PIECE_SAMPLES, Signal, piece_bounds
from spe1_builder.progress import Progress

#: Channels of a chunk of the file, which has the samples of a piece: 2 MB of int16.
_CHUNK_CHANNELS = 64


def compressed(signal: Signal, pieces: Iterator[np.ndarray]) -> Any:
    """What pynwb writes: pieces as they come, in chunks, deflated.

    gzip, because every HDF5 reads it; after the bytes of the values have been sorted by
    their weight (shuffle), which makes it smaller and quicker.
    """
    pynwb = require_package("pynwb")
    return pynwb.H5DataIO(
        _iterator(signal, pieces), compression="gzip", compression_opts=1, shuffle=True
    )


def _iterator(signal: Signal, pieces: Iterator[np.ndarray]) -> Any:
    from hdmf.data_utils import AbstractDataChunkIterator, DataChunk

    n_samples, n_channels = signal.shape

    class Pieces(AbstractDataChunkIterator):
        def __init__(self) -> None:
            self._next = 0

        def __iter__(self) -> Any:
            return self

        def __next__(self) -> Any:
            piece = next(pieces)
            start, self._next = self._next, self._next + len(piece)
            return DataChunk(data=piece, selection=np.s_[start : self._next, :])

        def recommended_chunk_shape(self) -> tuple[int, int]:
            return min(PIECE_SAMPLES, n_samples), min(_CHUNK_CHANNELS, n_channels)

        def recommended_data_shape(self) -> tuple[int, int]:
            return n_samples, n_channels

        @property
        def dtype(self) -> Any:
            return np.dtype(signal.dtype)

        @property
        def maxshape(self) -> tuple[int, int]:
            return n_samples, n_channels

    return Pieces()


def read_pieces(data: Any, progress: Progress) -> Iterator[np.ndarray]:
    """All samples of an HDF5 dataset of traces, as `Signal.pieces` has them."""
    for start, stop in piece_bounds(data.shape[0]):
        piece: np.ndarray = data[start:stop]
        yield piece
        progress.advance(piece.nbytes)
