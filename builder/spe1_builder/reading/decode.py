"""One row of Arrow lists as numpy arrays, checked, without a copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spe1_builder.constants import N_CHANNELS
from spe1_builder.errors import OptionError

if TYPE_CHECKING:
    import pyarrow as pa


def one_chunk(column: pa.ChunkedArray) -> pa.Array:
    """The array of a column that holds one row."""
    return next(chunk for chunk in column.chunks if len(chunk))


def decode_traces_uV(cp: pa.Array) -> np.ndarray:
    """The traces of one row, where they lie: read-only.

    Parameters
    ----------
    cp : pyarrow.Array
        One row of the column ``cp``.

    Returns
    -------
    np.ndarray
        float32 (N_CHANNELS, n_samples), uV.

    Raises
    ------
    OptionError
        The row holds something else.
    """
    import pyarrow as pa

    if cp.type not in (
        pa.list_(pa.list_(pa.float32())),
        pa.large_list(pa.large_list(pa.float32())),
    ):
        raise _not_traces("lists of lists of float32", cp.type)
    # Not `.values`: it ignores where the row lies within its record batch.
    channels = cp.flatten()
    if len(channels) != N_CHANNELS:
        raise _not_traces(f"{N_CHANNELS} channels", len(channels))
    lengths = np.diff(channels.offsets.to_numpy())
    if channels.null_count or (lengths != lengths[0]).any():
        raise _not_traces("channels of one length", f"{lengths.min()} to {lengths.max()} samples")
    values = channels.flatten()
    if values.null_count:
        raise _not_traces("numbers", f"{values.null_count} missing values")
    traces_uV: np.ndarray = values.to_numpy(zero_copy_only=True).reshape(N_CHANNELS, -1)
    return traces_uV


def decode_times_ms(ctt: pa.Array) -> np.ndarray:
    """The spike times of one row, of whichever channel: float64 (n_spikes,), ascending.

    Parameters
    ----------
    ctt : pyarrow.Array
        One row of the column ``ctt``.

    Raises
    ------
    OptionError
        The row holds something else.
    """
    import pyarrow as pa

    kind = ctt.type
    is_nested = pa.types.is_list(kind) and pa.types.is_list(kind.value_type)
    if not is_nested or not pa.types.is_floating(kind.value_type.value_type):
        raise OptionError(
            "The column ctt does not hold spike times.",
            where="ctt",
            expected="lists of lists of numbers",
            got=kind,
            do="pass rows as spe1.load gives them",
        )
    times_ms = ctt.flatten().flatten().drop_null().to_numpy(zero_copy_only=False)
    return np.sort(times_ms.astype(np.float64))


def _not_traces(expected: Any, got: Any) -> OptionError:
    return OptionError(
        "The column cp does not hold the traces of a cell.",
        where="cp",
        expected=expected,
        got=got,
        do="pass rows as spe1.load gives them",
    )


def decode_first(sample_ids: list[Any]) -> list[int]:
    """First samples of rows, from their ``sample_id``.

    Raises
    ------
    OptionError
        One of them is no number.
    """
    for sample_id in sample_ids:
        if not (isinstance(sample_id, str) and sample_id.isascii() and sample_id.isdigit()):
            raise OptionError(
                "A sample_id is not the first sample of its row.",
                where="sample_id",
                expected="ten digits",
                got=repr(sample_id),
                do="pass rows as spe1.load gives them",
            )
    return [int(sample_id) for sample_id in sample_ids]
