"""Spikes as a file has them, before they are put on the clock of a cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np

from spe1_builder.errors import SortingError

#: What times are counted in.
TimeUnit = Literal["samples", "s", "ms"]
TIME_UNITS: tuple[TimeUnit, ...] = get_args(TimeUnit)
#: Where times are counted from: the start of the raw recording, or of the analysis window.
Clock = Literal["raw", "window"]
CLOCKS: tuple[Clock, ...] = get_args(Clock)

#: Of one array of a sorting. A thousand units at 10 Hz for an hour have 0.3 GB.
MOST_BYTES = 1_000_000_000
#: What to do with a file that is not what its kind says.
EXPORT_AGAIN = "export the sorting again, or say what it is: kind="


@dataclass(frozen=True, eq=False)
class FoundTrains:
    """Units of a sorting as its file has them.

    Attributes
    ----------
    unit_ids : tuple of str
    times : tuple of np.ndarray
        (n_spikes,) of each unit, whole numbers or floats, in any order.
    source : str
        The file, or the object.
    unit : {"samples", "s", "ms"}, optional
        What the times are counted in, where the form says so.
    rate_hz : float, optional
        What samples are counted at, where the file says so.
    notes : mapping
        What else was read: labels, styles.
    """

    unit_ids: tuple[str, ...]
    times: tuple[np.ndarray, ...]
    source: str
    unit: TimeUnit | None = None
    rate_hz: float | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)


def by_unit(
    times: np.ndarray, owners: np.ndarray, unit_ids: Sequence[Any] | None, where: str
) -> tuple[tuple[str, ...], tuple[np.ndarray, ...]]:
    """Spikes of each unit, from a list of all spikes and one of whose they are.

    Parameters
    ----------
    times, owners : np.ndarray
        (n_spikes,), or (n_spikes, 1) as some write it.
    unit_ids : sequence, optional
        All units, also those without spikes; default: those that have spikes.
    where : str
        The file, for the error.

    Raises
    ------
    SortingError
        The lists are no lists, or not of one length, or a spike is of none of the units.
    """
    times, owners = flat(times, "times", where), flat(owners, "units of the spikes", where)
    if len(times) != len(owners):
        raise SortingError(
            "Each spike needs a time and a unit.",
            where=where,
            expected=f"{len(times)} units of spikes",
            got=str(len(owners)),
            do=EXPORT_AGAIN,
        )
    present, which = np.unique(owners, return_inverse=True)
    order = np.argsort(which, kind="stable")
    ends = np.searchsorted(which[order], np.arange(1, len(present)))
    pieces = np.split(times[order], ends) if len(present) else []
    found = dict(zip(map(name_of, present), pieces, strict=True))
    if unit_ids is None:
        return tuple(found), tuple(found.values())
    names = tuple(map(name_of, unit_ids))
    unknown = sorted(found.keys() - set(names))
    if unknown:
        raise SortingError(
            "Spikes are of a unit that the sorting does not list.",
            where=where,
            expected=", ".join(names[:10]),
            got=", ".join(unknown[:10]),
            do=EXPORT_AGAIN,
        )
    return names, tuple(found.get(name, times[:0]) for name in names)


def by_index(
    times: np.ndarray, index: np.ndarray, n_units: int | None, where: str
) -> tuple[np.ndarray, ...]:
    """Spikes of each unit, from all of them in a row and where each unit's end.

    Parameters
    ----------
    times : np.ndarray
        (n_spikes,): all of the first unit, all of the second, ...
    index : np.ndarray
        Whole numbers (n_units,), the end of each unit; or with a zero before them, as some
        write it. Where ``n_units`` is not known, a zero at the start is taken for that.
    n_units : int, optional
    where : str

    Raises
    ------
    SortingError
        The index is none of these spikes.
    """
    times, index = flat(times, "times", where), flat(index, "the index", where)
    if n_units is None:
        has_zero = len(index) >= 2 and index[0] == 0 and index[-1] > 0
    else:
        has_zero = len(index) == n_units + 1 and index[0] == 0
    ends = index[1:] if has_zero else index
    is_right = (
        np.issubdtype(index.dtype, np.integer)
        and (n_units is None or len(ends) == n_units)
        and (ends[-1] == len(times) if len(ends) else len(times) == 0)
        and bool(np.all(ends[:1] >= 0) and np.all(ends[1:] >= ends[:-1]))
    )
    if not is_right:
        raise SortingError(
            "The index does not say where the spikes of each unit end.",
            where=where,
            expected=f"whole numbers, ascending to {len(times)}"
            + (f", for {n_units} units" if n_units is not None else ""),
            got=f"{index.dtype} {index[:5].tolist()} ... {index[-1:].tolist()}",
            do=EXPORT_AGAIN,
        )
    return tuple(np.split(times, ends[:-1].astype(np.int64))) if len(ends) else ()


def flat(values: np.ndarray, what: str, where: str) -> np.ndarray:
    """A list of numbers or names: (n,) from (n,), (n, 1) or (1, n).

    Raises
    ------
    SortingError
        It is of another shape.
    """
    values = np.asarray(values)
    if values.ndim == 2 and 1 in values.shape:
        values = values.reshape(-1)
    if values.ndim != 1 or values.dtype.kind not in "iufUS":
        raise SortingError(
            f"Of a sorting, {what} are no list of numbers.",
            where=where,
            expected="(n_spikes,)",
            got=f"{values.dtype} {values.shape}",
            do=EXPORT_AGAIN,
        )
    return values


def name_of(unit_id: Any) -> str:
    """The name of a unit: 3 of 3, 3.0 and b"3"."""
    if isinstance(unit_id, bytes):
        return unit_id.decode("utf-8", "replace")
    if isinstance(unit_id, float) and unit_id.is_integer():
        return str(int(unit_id))
    return str(unit_id)
