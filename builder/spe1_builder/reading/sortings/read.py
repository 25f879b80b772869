"""Any sorting, by a path, an address or an object, as spikes on the clock of a cell."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, TypeVar

from spe1_builder.dataset.metadata import AnalysisWindow
from spe1_builder.errors import MissingFileError, OptionError, SortingError
from spe1_builder.paths import local_path
from spe1_builder.reading.sortings.clock import on_window_clock
from spe1_builder.reading.sortings.formats.form import SortingForm
from spe1_builder.reading.sortings.found import CLOCKS, TIME_UNITS, FoundTrains
from spe1_builder.reading.sortings.registry import FORMS
from spe1_builder.reading.sortings.units import SortedUnits

Name = TypeVar("Name", bound=str)


def read_sorting(
    path: Any,
    *,
    kind: str | None = None,
    unit: str | None = None,
    clock: str | None = None,
    window: AnalysisWindow,
    trust_pickle: bool = False,
    **options: Any,
) -> SortedUnits:
    """What any sorter found, as spikes on the clock of a built cell.

    Parameters
    ----------
    path : str, Path or object
        A file or folder; an address (``dandi:...``, ``ibl:...``); a sorting of SpikeInterface,
        SpikeSift or SpikeLab; or a mapping of unit ids to times.
    kind : str, optional
        Its form, one of `kinds`; default: seen.
    unit : {"samples", "s", "ms"}, optional
        What times are counted in. Default: what the form says; else whole numbers are samples,
        and others s or ms, by how far they reach. ``notes`` say which.
    clock : {"raw", "window"}, optional
        Where times are counted from: the start of the raw recording (as of `open_raw`), or of
        the analysis window (as of `open_recording`). Default: the one that the spikes fit.
    window : AnalysisWindow
        Of the cell, in its metadata.
    trust_pickle : bool
        Whether a pickle may run the code that it holds. Otherwise none is opened.
    **options
        Of the form; `spe1_builder.reading.sortings.formats` has each.

    Returns
    -------
    SortedUnits

    Raises
    ------
    MissingFileError
        There is no such file or folder.
    MissingPackageError
        What reads this form is not installed.
    OptionError
        There is no such kind or option.
    SortingError
        It is damaged or of no known form; or its spikes are not on this clock in this unit.

    Examples
    --------
    >>> from spe1_builder.dataset.metadata import AnalysisWindow
    >>> window = AnalysisWindow(start_sample=300_000, n_samples=9_000_000)
    >>> units = read_sorting({"a": [0.5, 250.0], "b": [1.25]}, window=window)
    >>> units.unit_ids, units.samples[0].tolist()
    (('a', 'b'), [15000, 7500000])
    >>> units.notes["unit"], units.notes["clock"]
    ('s', 'window')
    """
    counted_in = _one_of(unit, TIME_UNITS, "unit")
    counted_from = _one_of(clock, CLOCKS, "clock")
    found = read_trains(path, kind=kind, trust_pickle=trust_pickle, **options)
    return on_window_clock(found, window, counted_in, counted_from)


def kinds() -> dict[str, str]:
    """The forms that can be read: what each holds, by its name for ``kind=``."""
    return {form.kind: form.holds for form in FORMS}


def read_trains(
    path: Any, *, kind: str | None = None, trust_pickle: bool = False, **options: Any
) -> FoundTrains:
    """A sorting as its file has it, on its own clock; parameters as `read_sorting`."""
    _one_of(kind, tuple(kinds()), "kind")
    is_elsewhere = any(form.is_known(path) for form in FORMS if not form.takes_path)
    source = path if is_elsewhere else _existing(path)
    form = _form(source, kind)
    # Anything else is never unpickled, whatever may be trusted.
    given = {**options, **({"trust_pickle": trust_pickle} if _takes(form, "trust_pickle") else {})}
    try:
        inspect.signature(form.read).bind(source, **given)
    except TypeError as error:
        known = list(inspect.signature(form.read).parameters)[1:]
        raise OptionError(
            f"A sorting of the kind {form.kind} is read with other options.",
            where=str(path),
            expected=", ".join(known) or "none",
            got=error,
            do="leave it out, or say another kind=",
        ) from error
    return form.read(source, **given)


def _existing(path: Any) -> Path:
    place = local_path(path, "sorting")
    if not place.exists():
        raise MissingFileError(
            "There is no such sorting.",
            where=place,
            expected="a file or folder that a sorter has written",
            do="check the path",
        )
    return place


def _form(source: Any, kind: str | None) -> SortingForm:
    for form in FORMS:
        if form.kind == kind and form.takes_path == isinstance(source, Path):
            return form
        if kind is None and form.is_known(source):
            return form
    raise SortingError(
        "The sorting is of no form that is known."
        if kind is None
        else f"This is no sorting of the kind {kind}.",
        where=str(source)[:200],
        expected="; ".join(f"{form.kind}: {form.holds}" for form in FORMS),
        do="say what it is: kind=; or name the extractor that reads it: kind='spikeinterface', "
        "extractor='...'",
    )


def _takes(form: SortingForm, name: str) -> bool:
    return name in inspect.signature(form.read).parameters


def _one_of(value: Any, allowed: tuple[Name, ...], name: str) -> Name | None:
    if value is not None and value not in allowed:
        raise OptionError(
            f"There is no such {name}.",
            where=name,
            expected=", ".join(allowed),
            got=f"{value!r:.200}",
            do="name one of them, or leave it out",
        )
    chosen: Name | None = value
    return chosen
