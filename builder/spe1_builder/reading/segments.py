"""A function over all segments, whatever their number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.errors import OptionError
from spe1_builder.reading.arrays import require_columns
from spe1_builder.reading.decode import decode_first, decode_times_ms, decode_traces_uV, one_chunk

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset, DatasetDict

_TRACES, _TIMES, _ID = "cp", "ctt", "sample_id"


@dataclass(frozen=True, eq=False)
class Segment:
    """One row of a cell, for `map_segments`.

    Attributes
    ----------
    sample_id : str
        As in the row.
    traces_uV : np.ndarray
        float32 (N_CHANNELS, n_samples); read-only. Found when it is asked for.
    spike_times_ms : np.ndarray
        float64 (n_spikes,), from the start of the segment, ascending; of the ground truth.
    """

    row: pa.Table

    @property
    def sample_id(self) -> str:
        sample_id: str = self.row[_ID][0].as_py()
        return sample_id

    @property
    def first(self) -> int:
        """Its first sample, counted from the start of the analysis window."""
        return decode_first([self.sample_id])[0]

    @cached_property
    def traces_uV(self) -> np.ndarray:
        return decode_traces_uV(one_chunk(self.row[_TRACES]))

    @cached_property
    def spike_times_ms(self) -> np.ndarray:
        return decode_times_ms(one_chunk(self.row[_TIMES]))

    @property
    def spike_samples(self) -> np.ndarray:
        """int64 (n_spikes,): columns of ``traces_uV``."""
        return np.rint(self.spike_times_ms * (NPX_RATE_HZ / 1000.0)).astype(np.int64)


@dataclass(frozen=True)
class _OneRow:
    """What `datasets.Dataset.map` calls, for a table of one row."""

    function: Callable[[Segment], Mapping[str, Any]]

    def __call__(self, row: pa.Table) -> dict[str, list[Any]]:
        segment = Segment(row)
        values = self.function(segment)
        if not isinstance(values, Mapping) or not all(isinstance(name, str) for name in values):
            raise OptionError(
                "The function does not give columns.",
                where="function",
                expected="a dict of column names and values",
                got=f"{values!r:.200}",
                do="return for instance {'sd_uV': float(segment.traces_uV.std())}",
            )
        return {_ID: [segment.sample_id]} | {name: [value] for name, value in values.items()}


def map_segments(
    dataset: Dataset | DatasetDict,
    function: Callable[[Segment], Mapping[str, Any]],
    *,
    keep_rows: bool = False,
    features: Mapping[str, Any] | None = None,
    num_proc: int | None = None,
) -> Any:
    """Values worked out from each row, as a dataset; for any number of rows, in any order.

    In the place of ``dataset.map``, which copies the traces of all rows into its result and
    fails on more than 62 of them ("offset overflow") unless told to write them by twos. The
    result goes to the datasets cache; the same call on the same rows finds it there.

    Parameters
    ----------
    dataset : Dataset or DatasetDict
        Rows as `load` gives them, also after ``select``, ``shuffle`` or
        ``concatenate_datasets``.
    function : callable
        Takes a `Segment`, gives a dict: new columns and their values. Arrays may be large:
        rows are written by twos.
    keep_rows : bool
        Put the new columns beside those of the rows, which are not copied if they stand in
        the order of their files.
    features : mapping of str to datasets feature, optional
        Types of the new columns, all of them; by default as the first row shows, so that a
        value that is missing there must be NaN and not None.
    num_proc : int, optional
        Processes; the function must pickle then.

    Returns
    -------
    Dataset or DatasetDict
        One row a segment: ``sample_id`` and the new columns, or with ``keep_rows`` all.

    Raises
    ------
    OptionError
        No such rows, or the function gives no dict, or values that make no column. What the
        function raises comes through.

    Examples
    --------
    >>> import spe1
    >>> ds = spe1.load("c14", root="spe1")
    >>> def measure(segment):
    ...     at_spikes_uV = segment.traces_uV[159, segment.spike_samples]
    ...     return {"n_spikes": at_spikes_uV.size, "sd_uV": float(segment.traces_uV.std())}
    >>> measured = spe1.map_segments(ds["train"], measure)
    >>> measured.column_names, measured.num_rows
    (['sample_id', 'n_spikes', 'sd_uV'], 4)
    """
    from datasets import DatasetDict

    if not callable(function):
        raise OptionError(
            "There is no function to call.",
            where="function",
            expected="a function of one segment",
            got=f"{function!r:.200}",
            do="pass the function itself, without calling it",
        )
    if num_proc is not None and (
        isinstance(num_proc, bool) or not isinstance(num_proc, int) or num_proc < 1
    ):
        raise OptionError(
            "There is no such number of processes.",
            where="num_proc",
            expected="1 or more",
            got=f"{num_proc!r:.200}",
            do="leave num_proc out for none but this one",
        )
    options: dict[str, Any] = {"num_proc": num_proc, "features": _row_features(features)}
    if isinstance(dataset, DatasetDict):
        return DatasetDict(
            {
                name: _map_split(split, function, keep_rows, options)
                for name, split in dataset.items()
            }
        )
    return _map_split(dataset, function, keep_rows, options)


def _row_features(features: Any) -> Any:
    """Of a row of the result; None where they are to be inferred."""
    from datasets import Features, Value

    if features is None:
        return None
    try:
        of_rows = Features({_ID: Value("string")} | dict(features))
        of_rows.arrow_schema  # noqa: B018  (only the schema refuses what is no type)
        return of_rows
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise OptionError(
            "These are no types of columns.",
            where="features",
            expected="such as {'sd_uV': datasets.Value('float64')}",
            got=f"{features!r:.200}",
            do="leave features out to have them inferred",
        ) from error


def _map_split(
    dataset: Dataset,
    function: Callable[[Segment], Mapping[str, Any]],
    keep_rows: bool,
    options: dict[str, Any],
) -> Dataset:
    import pyarrow as pa
    from datasets import concatenate_datasets

    from spe1_builder.dataset.rows.batches import BATCH_ROWS
    from spe1_builder.reading.segment_dataset import as_segments, require_split

    require_split(dataset, "map_segments")
    require_columns(dataset, _ID, _TRACES, _TIMES)
    rows = as_segments(dataset)
    needed = rows.select_columns([_ID, _TRACES, _TIMES]).with_format("arrow")
    try:
        values = needed.map(
            _OneRow(function),
            batched=True,
            batch_size=1,
            writer_batch_size=BATCH_ROWS,
            remove_columns=needed.column_names,
            desc="Segments",
            **options,
        ).with_format(None)
    except (pa.lib.ArrowException, TypeError) as error:
        # `datasets` begins its own so (4.0: cast array); the function's are not for us.
        if isinstance(error, TypeError) and not str(error).startswith("Couldn't "):
            raise
        raise OptionError(
            "What the function gives does not make a column.",
            where="function",
            expected="numbers, text or arrays of the same kind for every segment",
            got=f"{error!s:.500}",
            do="give NaN or an empty list where there is no value, or name the types (features)",
        ) from error
    if not keep_rows:
        return values
    new = [name for name in values.column_names if name != _ID]
    kept = rows.remove_columns([name for name in rows.column_names if name in new])
    if kept.num_columns == 0 or not new:
        return values if new else rows
    return as_segments(concatenate_datasets([kept, values.select_columns(new)], axis=1))
