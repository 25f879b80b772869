"""Traces of a built cell by sample, in whichever segments they lie."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spe1_builder.constants import N_CHANNELS, NPX_RATE_HZ
from spe1_builder.errors import OptionError
from spe1_builder.reading.afar.rows import FarRow
from spe1_builder.reading.rows import open_rows

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict


class CellTraces:
    """A cell, or one of its splits, as one long recording.

    Pickles as the cell's path, some hundred bytes, and opens again in the process that
    reads. Of datasets that are no cell's own files (after ``map``, or in memory) it pickles
    the datasets.

    Parameters
    ----------
    source : str, Path, DatasetDict or Dataset
        A cell's folder, or its ``train`` or ``test``; what `spe1_builder.reading.arrays.load`
        gives; or one split. A string may also be the folder's address elsewhere
        (``hf://datasets/user/spe1/c14``, ``https://...``, ``s3://...``): then only what is
        read is fetched, and it stays with the commit that the Hub had when it was opened.

    Attributes
    ----------
    first, last : int
        Samples [first, last) that it holds, counted from the start of the analysis
        window (so ``test`` alone does not begin at 0).

    Raises
    ------
    OptionError
        The rows are not contiguous, as after a selection; not of one recording, as after
        ``concatenate_datasets``; or no rows of traces at all.
    MissingFileError
        There is no built cell at that path.
    OutputError
        A file of the cell is damaged.
    LoginError, ServerError, MissingPackageError
        The cell is elsewhere, and cannot be read.

    Examples
    --------
    >>> import spe1
    >>> traces = spe1.CellTraces("spe1/c14")
    >>> traces
    CellTraces('.../spe1/c14': 384 channels, 1.601 s in 6 segments, samples [0, 48017))
    >>> traces.read_uV(0, 300, channels=[100, 101]).shape
    (2, 300)

    The test split goes on where train ends:

    >>> ds = spe1.load("c14", root="spe1")
    >>> spe1.CellTraces(ds["train"]).last == spe1.CellTraces("spe1/c14/test").first
    True
    """

    def __init__(self, source: str | Path | DatasetDict | Dataset):
        self._rows = open_rows(source)
        self._segments: dict[int, np.ndarray | FarRow] = {}
        firsts = self._rows.firsts
        if not len(firsts):
            raise OptionError("There is no segment to read.", do="pass a cell or a split with rows")
        self.first = int(firsts[0])
        length = self._rows.traces_uV(0).shape[1]
        steps = np.diff(firsts)
        if (steps != length).any():
            at = int(np.argmax(steps != length))
            raise OptionError(
                "The rows are not contiguous: a window across them would join what does not meet.",
                expected=f"a segment at sample {firsts[at] + length}",
                got=f"the next one at {firsts[at + 1]}",
                do="pass the whole split or cell, or read rows with segment_uV",
            )
        self.last = int(firsts[-1]) + self._rows.traces_uV(len(firsts) - 1).shape[1]

    def __repr__(self) -> str:
        n_segments = len(self._rows.firsts)
        return (
            f"CellTraces({self._rows.where!r}: {N_CHANNELS} channels, "
            f"{(self.last - self.first) / NPX_RATE_HZ:.3f} s in {n_segments} "
            f"segment{'s' if n_segments > 1 else ''}, samples [{self.first}, {self.last}))"
        )

    def __getstate__(self) -> dict[str, Any]:
        # Views of the file: pickled, they would be the traces themselves.
        return self.__dict__ | {"_segments": {}}

    def _segment(self, index: int) -> np.ndarray | FarRow:
        if index not in self._segments:
            self._segments[index] = self._checked_segment(index)
        return self._segments[index]

    def _checked_segment(self, index: int) -> np.ndarray | FarRow:
        firsts, traces_uV = self._rows.firsts, self._rows.traces_uV(index)
        expected = (firsts[index + 1] if index + 1 < len(firsts) else self.last) - firsts[index]
        if traces_uV.shape[1] != expected:
            raise OptionError(
                "A row is shorter or longer than the others.",
                where=f"the row of sample_id {firsts[index]:010d}",
                expected=f"{expected} samples",
                got=traces_uV.shape[1],
                do="pass the rows as spe1.load gives them; spe1 verify finds a damaged cell",
            )
        return traces_uV

    def read_uV(
        self,
        start: int,
        stop: int,
        channels: Sequence[int] | slice | None = None,
        *,
        writable: bool = False,
    ) -> np.ndarray:
        """Samples [start, stop), counted from the start of the analysis window.

        Parameters
        ----------
        start, stop : int
        channels : sequence of int, mask of N_CHANNELS booleans, or slice, optional
            Default: all.
        writable : bool
            Always a copy in memory, which may be changed, and which torch takes without a
            warning.

        Returns
        -------
        np.ndarray
            float32 (n_channels, stop - start), uV. Within one segment, and with all
            channels or a slice of them, it is a read-only view of the file, if that is on
            this machine.

        Raises
        ------
        OptionError
            The range lies outside, or a channel does not exist.
        """
        start, stop = _whole(start, "start"), _whole(stop, "stop")
        if not self.first <= start < stop <= self.last:
            raise OptionError(
                "The range lies outside the traces.",
                expected=f"{self.first} <= start < stop <= {self.last}",
                got=f"[{start}, {stop})",
                do="count from the start of the analysis window; test alone does not begin at 0",
            )
        chosen = channel_index(channels)
        firsts = self._rows.firsts
        low = int(np.searchsorted(firsts, start, side="right")) - 1
        high = int(np.searchsorted(firsts, stop, side="left"))
        parts = []
        for index in range(low, high):
            offset = int(firsts[index])
            parts.append(self._segment(index)[chosen, max(start - offset, 0) : stop - offset])
        traces_uV = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
        return traces_uV.copy() if writable and not traces_uV.flags.writeable else traces_uV


def _whole(value: Any, where: str) -> int:
    try:
        if not isinstance(value, bool | np.bool_):
            return operator.index(value)
    except TypeError:
        pass
    raise OptionError(
        "Samples are counted in whole numbers.",
        where=where,
        expected="int",
        got=f"{value!r:.200}",
        do="round(time_s * 30_000) is the sample of a time",
    )


def channel_index(channels: Any) -> Any:
    """What indexes the channels: a slice, or int64 (n_channels,).

    Raises
    ------
    OptionError
        There is no such channel.
    """
    if channels is None:
        return slice(None)
    if isinstance(channels, slice):
        bounds = [bound for bound in (channels.start, channels.stop) if bound is not None]
        try:
            if all(-N_CHANNELS <= operator.index(bound) <= N_CHANNELS for bound in bounds):
                range(N_CHANNELS)[channels]  # refuses a step of zero, and one that is no number
                return channels
        except (TypeError, ValueError):
            pass
        raise _no_channel(channels)
    try:
        chosen = np.asarray(channels)
    except (ValueError, TypeError, OverflowError) as error:  # lists of several lengths
        raise _no_channel(f"{channels!r:.200}") from error
    if chosen.dtype == bool and chosen.shape == (N_CHANNELS,):
        chosen = np.flatnonzero(chosen)
    is_whole = chosen.size == 0 or chosen.dtype.kind in "iu"
    if chosen.ndim != 1 or not is_whole or ((chosen < 0) | (chosen >= N_CHANNELS)).any():
        raise _no_channel(f"{channels!r:.200}")
    return chosen.astype(np.int64)


def _no_channel(got: Any) -> OptionError:
    return OptionError(
        "There is no such channel.",
        where="channels",
        expected=f"whole numbers in [0, {N_CHANNELS - 1}], or {N_CHANNELS} booleans",
        got=got,
        do="leave channels out for all of them",
    )


def read_uV(
    source: str | Path | DatasetDict | Dataset | CellTraces,
    start: int,
    stop: int,
    channels: Sequence[int] | slice | None = None,
    *,
    writable: bool = False,
) -> np.ndarray:
    """A window of a cell across its segments; for many of them make a `CellTraces` once.

    Parameters, result and exceptions as `CellTraces` and `CellTraces.read_uV`.

    Examples
    --------
    All channels, then the reference sites masked:

    >>> import numpy as np
    >>> import spe1
    >>> spe1.read_uV("spe1/c14", 9_000, 12_000).shape
    (384, 3000)
    >>> is_good = np.ones(384, dtype=bool)
    >>> is_good[[36, 75, 112, 151, 188, 227, 264, 303, 340, 379]] = False
    >>> spe1.read_uV("spe1/c14", 9_000, 12_000, channels=is_good).shape
    (374, 3000)

    From an address only the bytes of these channels and samples are fetched:

    >>> from pathlib import Path
    >>> url = Path("spe1/c14").resolve().as_uri()     # or "hf://datasets/user/spe1/c14"
    >>> spe1.read_uV(url, 9_000, 12_000, channels=[100, 101]).shape
    (2, 3000)
    """
    traces = source if isinstance(source, CellTraces) else CellTraces(source)
    return traces.read_uV(start, stop, channels, writable=writable)
