"""A sorting put on the clock of a cell's analysis window, or refused with the likely cause."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.dataset.metadata import AnalysisWindow
from spe1_builder.errors import SortingError
from spe1_builder.reading.sortings.found import Clock, FoundTrains, TimeUnit
from spe1_builder.reading.sortings.plausible import (
    TOO_MANY_MISSING,
    ends_with,
    fits,
    median_interval_ms,
    other_rate_hz,
    too_fast,
)
from spe1_builder.reading.sortings.unit_of_time import SAMPLES_PER, as_samples, settle_unit
from spe1_builder.reading.sortings.units import SortedUnits

_RAW = "these look like the raw recording's clock: clock='raw'"
_WINDOW = "these look like the analysis window's clock: clock='window'"


def on_window_clock(
    found: FoundTrains,
    window: AnalysisWindow,
    unit: TimeUnit | None = None,
    clock: Clock | None = None,
) -> SortedUnits:
    """The spikes of a sorting as samples from the start of the analysis window.

    Parameters
    ----------
    found : FoundTrains
    window : AnalysisWindow
    unit : {"samples", "s", "ms"}, optional
        What the times are counted in; default: what the file says, or what can be seen.
    clock : {"raw", "window"}, optional
        What they are counted from; default: that of the two which the spikes fit.

    Returns
    -------
    SortedUnits
        Spikes outside the window are left out; ``notes`` say how many, and what was inferred.

    Raises
    ------
    SortingError
        The spikes are not those of this window in this unit and on this clock, or fit both
        clocks; with what is likely.
    """
    settled = settle_unit(found, unit, window)
    trains = [np.sort(as_samples(times, settled)) for times in found.times]
    every = np.concatenate(trains) if trains else np.empty(0, dtype=np.int64)
    # Samples at the recording's rate are what they are, however poor their units.
    if too_fast(trains) and not (settled == found.unit and found.rate_hz):
        raise _refused(
            found,
            "No neuron fires as fast as these units.",
            expected="half of a unit's intervals longer than 0.3 ms",
            got=f"{median_interval_ms(trains):.3g} ms, with times in {settled}",
            do=_if_slower(settled),
        )
    if unit is None and found.unit is None and found.rate_hz is None:
        _require_rate(found, every, window)
    raw = _settle_clock(found, every, window, settled, clock) == "raw"
    shift = window.start_sample if raw else 0
    moved = [train - shift for train in trains]
    kept = tuple(train[(train >= 0) & (train < window.n_samples)] for train in moved)
    n_outside = len(every) - sum(map(len, kept))
    notes = {
        **found.notes,
        "unit": settled,
        "unit_is": "stated" if unit else "the format's" if found.unit else "inferred",
        "clock": "raw" if raw else "window",
        "clock_is": "stated" if clock else "inferred",
        "n_outside_window": n_outside,
    }
    return SortedUnits(found.unit_ids, kept, found.source, notes)


def _settle_clock(
    found: FoundTrains,
    every: np.ndarray,
    window: AnalysisWindow,
    unit: TimeUnit,
    stated: Clock | None,
) -> Clock:
    start, stop = window.start_sample, window.start_sample + window.n_samples
    if stated == "raw":
        _require_raw(found, every, window)
        return "raw"
    fits_window, fits_raw = fits(every, 0, window.n_samples), fits(every, start, stop)
    if len(every) == 0 or start == 0 or (fits_window and (stated or not fits_raw)):
        if not fits_window:
            raise _off(found, every, window, unit, [])
        return "window"
    if fits_window:
        raise _refused(
            found,
            "The spikes fit the raw recording's clock and the analysis window's.",
            expected=f"a spike in the first or after the last {start / NPX_RATE_HZ:g} s",
            got=_span(every),
            do="say which clock they are on: clock='window' or clock='raw'",
        )
    if fits_raw and stated is None:
        return "raw"
    causes = [_RAW] if fits_raw else []
    if not fits_raw and every.min() >= 0 and every.max() > stop:
        causes = ["if the whole raw recording was sorted: clock='raw'"]
    raise _off(found, every, window, unit, causes)


def _require_raw(found: FoundTrains, every: np.ndarray, window: AnalysisWindow) -> None:
    """Spikes of the whole raw recording, or of the window in it, count from its start."""
    start, stop = window.start_sample, window.start_sample + window.n_samples
    if len(every) == 0 or fits(every, start, stop):
        return
    n_inside = int(np.count_nonzero((every >= start) & (every < stop)))
    n_missed = len(every) * start / stop
    is_window = ends_with(every, window.n_samples) and n_missed > TOO_MANY_MISSING
    if every.min() < 0 or n_inside == 0 or is_window:
        raise _refused(
            found,
            "The spikes are not on the raw recording's clock.",
            expected=f"spikes in [{start}, {stop}), samples of the raw recording",
            got=f"{_span(every)}, {n_inside} of {len(every)} in there",
            do=_WINDOW
            if fits(every, 0, window.n_samples)
            else "name the cell that was sorted, or say what the times are counted in: unit=",
        )


def _require_rate(found: FoundTrains, every: np.ndarray, window: AnalysisWindow) -> None:
    rate_hz = other_rate_hz(every, window)
    if rate_hz is not None:
        share_s = every.max() / NPX_RATE_HZ
        raise _refused(
            found,
            "The spikes fill a part of the window as they would at another rate.",
            expected=f"samples at {NPX_RATE_HZ:g} Hz",
            got=f"{_span(every)} of {window.n_samples}",
            do=f"another rate: {rate_hz / 1000:g} kHz? then give times in seconds; if only the "
            f"first {share_s:.1f} s were sorted: unit='samples' (or 's', 'ms')",
        )


def _off(
    found: FoundTrains,
    every: np.ndarray,
    window: AnalysisWindow,
    unit: TimeUnit,
    causes: Sequence[str],
) -> SortingError:
    """Spikes that lie outside of the window, and why that may be."""
    return _refused(
        found,
        "Spikes lie outside of the analysis window.",
        expected=f"samples [0, {window.n_samples}) of the window",
        got=f"{_span(every)}, with times in {unit}",
        do="; or ".join([*causes, *_other_units(found, window, unit)])
        or "name the cell that was sorted; another rate or another recording does not fit",
    )


def _other_units(found: FoundTrains, window: AnalysisWindow, unit: TimeUnit) -> list[str]:
    """Units of time in which the spikes would be those of the window."""
    likely = []
    stop = window.start_sample + window.n_samples
    for other in SAMPLES_PER:
        trains = [as_samples(times, other) for times in found.times]
        spans = np.concatenate(trains)
        covers = spans.max() > window.n_samples / 2
        if other != unit and covers and fits(spans, 0, stop) and not too_fast(trains):
            likely.append(f"{other} read as {unit}: unit='{other}'")
    return likely


def _if_slower(unit: TimeUnit) -> str:
    return {
        "samples": "s or ms read as samples: unit='s' or unit='ms'",
        "ms": "s read as ms: unit='s'",
        "s": "say what the times are counted in: unit=",
    }[unit]


def _span(every: np.ndarray) -> str:
    return f"[{every.min()}, {every.max()}]"


def _refused(found: FoundTrains, what: str, *, expected: str, got: str, do: str) -> SortingError:
    return SortingError(what, where=found.source, expected=expected, got=got, do=do)
