"""Segments of a sorting as one row of samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spe1_builder.errors import SortingError
from spe1_builder.reading.sortings.found import flat


def joined(segments: Sequence[np.ndarray], starts: Sequence[int] | None, where: str) -> np.ndarray:
    """Samples of all segments, each moved to where it starts.

    Parameters
    ----------
    segments : sequence of np.ndarray
        Samples of each, (n_spikes,).
    starts : sequence of int, optional
        First sample of each; needed where there are several.
    where : str

    Raises
    ------
    SortingError
        There are several segments, and not as many starts.
    """
    if len(segments) == 1 and starts is None:
        return flat(segments[0], "samples", where)
    if starts is None or len(starts) != len(segments):
        raise SortingError(
            "The sorting has several segments, and does not say when each starts.",
            where=where,
            expected=f"segment_starts= of {len(segments)} samples",
            got=f"{len(starts)} of them" if starts is not None else None,
            do="give the first sample of each, such as segment_starts=(0, 4_500_000) for train "
            "and test; or sort one segment",
        )
    return np.concatenate(
        [flat(part, "samples", where) + start for part, start in zip(segments, starts, strict=True)]
    )
