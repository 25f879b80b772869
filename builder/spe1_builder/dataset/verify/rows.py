"""One pass over the rows of a cell: each is what the contract says, in its place.

The bytes may be anything, so an Arrow batch is validated in full before its
memory is touched: offsets out of range would crash the process.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from spe1_builder.constants import N_CHANNELS, NPX_RATE_HZ
from spe1_builder.dataset.findings import Report, listing
from spe1_builder.dataset.plan.window import Window
from spe1_builder.dataset.rows.batches import BATCH_ROWS, SCHEMA
from spe1_builder.dataset.verify.shard import Shard
from spe1_builder.dataset.verify.template_sum import TemplateSum
from spe1_builder.signal.quartiles.histogram import ChannelHistogram

_SAMPLES_PER_MS = NPX_RATE_HZ / 1000.0
#: Spike times are whole samples; in ms they carry the rounding of one division.
_SAMPLE_TOLERANCE = 1e-6


@dataclass(frozen=True)
class _Row:
    """A row as it lies in the file.

    Attributes
    ----------
    sample_id : str
    traces_uV : np.ndarray or None
        float32 (N_CHANNELS, n_samples), mapped; None if its lists have no such shape.
    units : np.ndarray
        int32 (n,).
    times_ms : np.ndarray
        float64 (n,).
    n_units, n_times : np.ndarray
        (n_lists,), entries of each channel.
    shape : str
        Of ``cp``, for a message.
    """

    sample_id: str
    traces_uV: np.ndarray | None
    units: np.ndarray
    times_ms: np.ndarray
    n_units: np.ndarray
    n_times: np.ndarray
    shape: str


class RowCheck:
    """Checks rows in the order of the recording and gathers what they hold together.

    Parameters
    ----------
    report : Report
    window : Window
        The analysis window that the rows make up.
    peak_channel : int
        The channel that should carry the spikes.
    template : TemplateSum
        Filled on the way.
    histogram : ChannelHistogram
        Filled with the rows of ``train``.

    Attributes
    ----------
    is_whole : bool
        Every row so far was readable and in its place, so that the spikes, the
        template and the histogram say something of the whole.
    """

    def __init__(
        self,
        report: Report,
        window: Window,
        peak_channel: int,
        template: TemplateSum,
        histogram: ChannelHistogram,
    ):
        self._report = report
        self._window = window
        self._peak_channel = peak_channel
        self._template = template
        self._histogram = histogram
        self._spikes: list[np.ndarray] = []
        self._split = ""
        #: First sample of the next row; None where a shard could not be read to its end.
        self._next: int | None = 0
        self._all_read = True
        self._short_batch_seen = False
        self._n_rows = 0
        self.n_spikes: dict[str, int] = {}
        self.is_whole = True

    @property
    def window_spikes(self) -> np.ndarray:
        """int64 (n_spikes,), samples of the analysis window, in the order of the rows."""
        return np.concatenate([np.empty(0, dtype=np.int64), *self._spikes])

    def start_split(self, split: str) -> None:
        """The rows of ``split`` follow."""
        self._split = split
        self._next = self._window.split_segments(split).start * self._window.segment_samples
        self._all_read = True
        self._short_batch_seen = False
        self._n_rows = 0
        self.n_spikes[split] = 0

    def finish_split(self, where: str) -> None:
        """All shards of the split have been seen, or skipped."""
        if self._all_read:
            n_rows = len(self._window.split_segments(self._split))
            self.is_whole &= self._report.equal(where, "rows", n_rows, self._n_rows)

    def skip_shard(self) -> None:
        """A shard cannot be read; where the next one starts is not known."""
        self._next = None
        self._all_read = False
        self.is_whole = False

    def check_shard(self, path: Path, where: str, advance: Callable[[int], None]) -> None:
        """Read one shard, row by row.

        Parameters
        ----------
        path : Path
        where : str
            Its path relative to the root.
        advance : callable
            Told the bytes of the traces as they are done.
        """
        try:
            shard = Shard(path)
            if not self._check_schema(shard.schema, where):
                self.skip_shard()
                return
            for batch in shard.batches():
                batch.validate(full=True)
                self._check_batch_size(batch.num_rows, where)
                for i in range(batch.num_rows):
                    row = _take_row(batch, i)
                    self._check_row(row, where)
                    shard.forget()
                    advance(0 if row.traces_uV is None else row.traces_uV.nbytes)
        except MemoryError:  # pyarrow's is one of both kinds; it says nothing of the shard
            raise
        except (pa.ArrowException, OSError, ValueError) as error:
            if getattr(error, "errno", None) == errno.ENOMEM:
                raise
            self._report.add(where, "not a whole Arrow stream", got=error)
            self.skip_shard()

    def _check_schema(self, schema: pa.Schema, where: str) -> bool:
        """Whether the rows can be read; metadata is a finding that does not prevent it."""
        has_types = self._report.equal(where, "schema", SCHEMA, schema.remove_metadata())
        if has_types and not schema.equals(SCHEMA, check_metadata=True):
            self._report.add(where, "schema metadata", expected="none", got=schema.metadata)
        return has_types

    def _check_batch_size(self, n_rows: int, where: str) -> None:
        is_good = 1 <= n_rows <= BATCH_ROWS and not self._short_batch_seen
        if not is_good:
            expected = f"{BATCH_ROWS}, and one only in the last batch of a split"
            self._report.add(where, "rows in a record batch", expected=expected, got=n_rows)
        self._short_batch_seen |= n_rows < BATCH_ROWS

    def _check_row(self, row: _Row, where: str) -> None:
        self._n_rows += 1
        first = self._check_id(row.sample_id, where)
        if first is None:
            self._next = None
            return
        n_samples = min(self._window.segment_samples, self._window.n_samples - first)
        self._next = first + n_samples
        expected = f"[{N_CHANNELS}][{n_samples}]"
        has_shape = self._report.equal(where, f"shape of cp, row {first:010d}", expected, row.shape)
        spikes = self._check_spikes(row, first, n_samples, where)
        if row.traces_uV is None or not has_shape:
            self.is_whole = False
            return
        channel = _first_not_finite(row.traces_uV)
        if channel is not None:
            got = f"NaN or infinity on channel {channel} of row {first:010d}"
            self._report.add(where, "values of cp", expected="finite", got=got)
            self.is_whole = False
            return
        if self._split == "train":
            self._histogram.add(row.traces_uV)
        self._template.add(first, row.traces_uV, spikes)

    def _check_id(self, sample_id: str, where: str) -> int | None:
        """First sample of the row; None if that cannot be known."""
        is_number = len(sample_id) == 10 and sample_id.isascii() and sample_id.isdigit()
        first = int(sample_id) if is_number else -1
        fits = is_number and first % self._window.segment_samples == 0
        fits = fits and first < self._window.n_samples
        if not fits or self._next not in (None, first):
            expected = "a segment's first sample" if self._next is None else f"{self._next:010d}"
            self._report.add(where, "sample_id", expected=expected, got=repr(sample_id))
            self.is_whole = False
        return first if fits else None

    def _check_spikes(self, row: _Row, first: int, n_samples: int, where: str) -> np.ndarray:
        """Spikes of a row, samples of the analysis window: int64 (n,)."""
        check, name = self._report, f"row {first:010d}"
        check.equal(
            where, "channels of cit and ctt", [N_CHANNELS] * 2, [len(row.n_units), len(row.n_times)]
        )
        if not np.array_equal(row.n_units, row.n_times):
            check.add(where, "cit and ctt have not the same nesting", got=name)
        others = np.flatnonzero(row.n_times)
        others = others[others != self._peak_channel]
        if len(others):
            got = f"on {listing(others[:5])} in {name}"
            check.add(where, "spikes on the peak channel", expected=self._peak_channel, got=got)
        if (row.units != 0).any():
            check.add(where, "unit in cit", expected="0 always", got=name)
        samples = row.times_ms * _SAMPLES_PER_MS
        inside = (samples >= -_SAMPLE_TOLERANCE) & (samples <= n_samples - 1 + _SAMPLE_TOLERANCE)
        if not inside.all():
            got = f"{row.times_ms[~inside][0]} ms in {name}"
            check.add(
                where, "ctt within the segment", expected=f"0 to {n_samples} samples", got=got
            )
        ticks = np.rint(samples[inside])
        off = np.abs(samples[inside] - ticks)
        if (off > _SAMPLE_TOLERANCE).any():
            got = f"{off.max():.3g} samples off in {name}"
            check.add(
                where, "ctt on whole samples", expected=f"{_SAMPLE_TOLERANCE} at most", got=got
            )
        if len(np.flatnonzero(row.n_times)) == 1 and not _is_ascending(samples):
            check.add(where, "ctt is not strictly ascending", got=name)
        spikes = np.sort(ticks.astype(np.int64)) + first
        self._spikes.append(spikes)
        self.n_spikes[self._split] += len(spikes)
        return spikes


def _is_ascending(samples: np.ndarray) -> bool:
    """Whether spikes, float64 (n,), lie on ascending samples, no two on one."""
    return not (np.diff(np.rint(samples)) <= 0).any()


def _first_not_finite(traces_uV: np.ndarray) -> int | None:
    """The first channel of float32 (N_CHANNELS, n_samples) that holds NaN or infinity."""
    mask = np.empty(traces_uV.shape[1], dtype=bool)
    for channel, values in enumerate(traces_uV):
        if not np.isfinite(values, out=mask).all():
            return channel
    return None


def _take_row(batch: pa.RecordBatch, index: int) -> _Row:
    """Row of a validated batch; raises ValueError if anything in it is null."""
    channels = {name: batch.column(name).slice(index, 1).flatten() for name in ("cp", "cit", "ctt")}
    values = {name: column.flatten() for name, column in channels.items()}
    nulls = [batch.column(name).slice(index, 1).null_count for name in SCHEMA.names]
    nulls += [column.null_count for part in (channels, values) for column in part.values()]
    if any(nulls):
        raise ValueError("a row holds a null")
    lengths = np.diff(channels["cp"].offsets.to_numpy())
    is_even = len(lengths) == N_CHANNELS and (lengths == lengths[0]).all()
    cp = values["cp"].to_numpy(zero_copy_only=True)
    several = f"{lengths.min()} to {lengths.max()}" if len(lengths) else "none"
    return _Row(
        sample_id=batch.column("sample_id")[index].as_py(),
        traces_uV=cp.reshape(N_CHANNELS, -1) if is_even and lengths[0] else None,
        units=values["cit"].to_numpy().copy(),
        times_ms=values["ctt"].to_numpy().copy(),
        n_units=np.diff(channels["cit"].offsets.to_numpy()),
        n_times=np.diff(channels["ctt"].offsets.to_numpy()),
        shape=f"[{len(lengths)}][{lengths[0] if is_even else several}]",
    )
