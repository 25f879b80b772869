"""The traces of a built cell by the sample, mapped: only what is asked for is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.dataset.metadata import ConversionMetadata
from spe1_builder.dataset.rows.shards import read_traces
from spe1_builder.disk.pages import release_pages
from spe1_builder.errors import OutputError
from spe1_builder.layout import SPLITS, shard_mark

_ARROW_ERRORS = (OSError, ValueError, LookupError, TypeError, pa.lib.ArrowException)


class MappedTraces:
    """The rows of a cell, train and test, as one recording.

    Parameters
    ----------
    folder : Path
        The cell's folder.
    metadata : ConversionMetadata
        Its metadata: the shards of another build are not taken.

    Raises
    ------
    OutputError
        The rows are not those of the metadata.
    """

    def __init__(self, folder: Path, metadata: ConversionMetadata):
        self.n_samples = metadata.analysis_window.n_samples
        self._segment_samples = round(metadata.segment_duration_s * NPX_RATE_HZ)
        mark = shard_mark(metadata.provenance.fingerprint)
        try:
            self._segments = [
                traces_uV
                for split in SPLITS
                for path in sorted((folder / split).glob(f"data-{mark}-*.arrow"))
                for traces_uV in read_traces(path)
            ]
        except _ARROW_ERRORS as error:
            raise _damaged(folder, f"{type(error).__name__}: {error}") from error
        length, rest = self._segment_samples, self.n_samples
        for traces_uV in self._segments:
            if traces_uV.shape[1] != min(length, rest):
                break
            rest -= length
        if rest > 0 or len(self._segments) != -(-self.n_samples // length):
            lengths = [traces_uV.shape[1] for traces_uV in self._segments]
            raise _damaged(folder, f"{len(lengths)} rows of {sum(lengths)} samples")

    def values_uV(self, channel: int, samples: np.ndarray) -> np.ndarray:
        """One channel at some samples of the analysis window: float32 (n,)."""
        values = np.empty(len(samples), np.float32)
        segments, within = np.divmod(samples, self._segment_samples)
        for segment in np.unique(segments):
            is_here = segments == segment
            values[is_here] = self._segments[segment][channel][within[is_here]]
            release_pages(self._segments[segment])
        return values

    def window_uV(self, channels: np.ndarray, start: int, stop: int) -> np.ndarray:
        """Samples [start, stop) of the analysis window: float32 (n_channels, stop - start).

        A copy; what was read for it leaves the memory, which else fills up on the way through
        a cell.
        """
        parts = []
        length = self._segment_samples
        for segment in range(start // length, (stop - 1) // length + 1):
            first = segment * length
            low, high = max(start - first, 0), min(stop - first, length)
            parts.append(self._segments[segment][channels, low:high])
            release_pages(self._segments[segment])
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)


def _damaged(folder: Path, got: str) -> OutputError:
    return OutputError(
        f"{folder.name} does not hold the rows that its metadata tells of.",
        where=folder,
        got=got,
        do="see what is wrong: spe1 verify; then build the cell again (spe1 build --force)",
    )
