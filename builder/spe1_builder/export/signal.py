"""Traces as they are stored: time-major pieces of int16 counts or float32 uV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spe1_builder.dataset.views.mini import SCALE_UV
from spe1_builder.errors import OutputError
from spe1_builder.export.formats import SampleType
from spe1_builder.progress import Progress, stage

if TYPE_CHECKING:
    from spikeinterface.core import BaseRecording

#: Samples of a piece: 23 MB of float32 on all channels.
PIECE_SAMPLES = 15_000
_LARGEST_COUNT = 32_767


@dataclass(frozen=True, eq=False)
class Signal:
    """The traces of a recording in one data type, a piece at a time.

    Attributes
    ----------
    recording : spikeinterface.core.BaseRecording
        float32 uV, one segment, of the channels that are exported.
    dtype : {"int16", "float32"}
    uV_per_bit : float
        What a count stands for; 1 of float32.
    """

    recording: BaseRecording
    dtype: SampleType
    uV_per_bit: float

    @property
    def shape(self) -> tuple[int, int]:
        """Samples, channels."""
        return self.recording.get_num_samples(), self.recording.get_num_channels()

    @property
    def n_bytes(self) -> int:
        n_samples, n_channels = self.shape
        return n_samples * n_channels * np.dtype(self.dtype).itemsize

    def pieces(self, progress: Progress, name: str) -> Iterator[np.ndarray]:
        """All samples in their order: C-contiguous (n_piece_samples, n_channels)."""
        with stage(progress, name, self.n_bytes, "B"):
            for start, stop in piece_bounds(self.shape[0]):
                piece = self._piece(start, stop)
                yield piece
                progress.advance(piece.nbytes)

    def _piece(self, start: int, stop: int) -> np.ndarray:
        traces_uV = self.recording.get_traces(start_frame=start, end_frame=stop)
        if self.dtype == "float32":
            return np.ascontiguousarray(traces_uV, dtype="<f4")
        counts = np.empty(traces_uV.shape, dtype=np.float32)
        np.multiply(traces_uV, np.float32(1 / self.uV_per_bit), out=counts)
        return np.rint(counts, out=counts).astype("<i2")


def piece_bounds(n_samples: int) -> list[tuple[int, int]]:
    """First and last sample of each piece."""
    return [
        (start, min(start + PIECE_SAMPLES, n_samples))
        for start in range(0, n_samples, PIECE_SAMPLES)
    ]


def make_signal(recording: BaseRecording, dtype: SampleType, progress: Progress) -> Signal:
    """The signal, whose scale is chosen so that nothing clips.

    A count of int16 is 1/32 uV, as in the view ``mini``, which reaches 1,024 uV; it doubles
    until the largest value fits. Powers of two: dividing by them is exact.

    Raises
    ------
    OutputError
        There is NaN or infinity among the traces.
    """
    if dtype == "float32":
        return Signal(recording, dtype, 1.0)
    return Signal(recording, dtype, scale_uV(_largest_uV(recording, progress)))


def scale_uV(largest_uV: float) -> float:
    """What a count stands for, so that this value and all below are counts.

    >>> scale_uV(150.0), scale_uV(1_023.9), scale_uV(1_024.0), scale_uV(9_000.0)
    (0.03125, 0.03125, 0.0625, 0.5)
    """
    scale = SCALE_UV
    while np.rint(largest_uV / scale) > _LARGEST_COUNT:
        scale *= 2
    return scale


def _largest_uV(recording: BaseRecording, progress: Progress) -> float:
    largest_uV, n_channels = 0.0, recording.get_num_channels()
    n_samples = recording.get_num_samples()
    with stage(progress, "largest value", n_samples * n_channels * 4, "B"):
        for start, stop in piece_bounds(n_samples):
            traces_uV = recording.get_traces(start_frame=start, end_frame=stop)
            found_uV = max(float(traces_uV.max()), -float(traces_uV.min()))
            if not np.isfinite(found_uV):
                raise OutputError(
                    "The traces hold NaN or infinity.",
                    where=f"samples [{start}, {stop})",
                    do="see what is wrong: spe1 verify; then build the cell again",
                )
            largest_uV = max(largest_uV, found_uV)
            progress.advance(traces_uV.size * 4)
    return largest_uV


class Digest:
    """Hash of traces as they pass.

    XXH3 (128 bits) over time-major samples, as `spe1_builder.disk.direct.HashingFile` has it
    of a flat file.
    """

    def __init__(self) -> None:
        import xxhash

        self._digest: Any = xxhash.xxh3_128()

    def over(self, pieces: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Hand on each piece when it has been counted in."""
        for piece in pieces:
            self.add(piece)
            yield piece

    def add(self, piece: np.ndarray) -> None:
        self._digest.update(np.ascontiguousarray(piece))

    @property
    def xxh3_128(self) -> str:
        return str(self._digest.hexdigest())


def digest_of(pieces: Iterable[np.ndarray]) -> str:
    """Hash of pieces that follow each other."""
    digest = Digest()
    for piece in pieces:
        digest.add(piece)
    return digest.xxh3_128
