"""One cell, from its files to the estimates of every contestant."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from builder.benchmark import as_published
from builder.benchmark.degrade import DegradedWindows, choose_spikes
from builder.benchmark.estimate import Estimates, Waveforms, estimate
from builder.benchmark.grid_search import GridEstimate, search
from builder.benchmark.inputs import CellInput, read_cell
from builder.benchmark.options import ELECTRODES_PER_DAY, BenchmarkOptions
from builder.benchmark.spikes import open_raw
from builder.benchmark.unit import SPIKE_WINDOW, Unit, mean_of, params_of
from builder.errors import OutputError, Spe1Error
from builder.layout import METADATA_NAME
from builder.progress import Progress, Silent, stage


@dataclass(frozen=True, eq=False)
class DayEstimate:
    """Estimates of one cell on one day of the degradation under one seed."""

    day: int
    n_dead: int
    seed: int
    estimates: Estimates


@dataclass(eq=False)
class CellEvaluation:
    """What came of a cell; `problem` says why nothing did.

    Attributes
    ----------
    cell_id : str
    cell : CellInput or None
    problem : Spe1Error or None
    notes : list of str
        Parts that could not be computed, or were computed from less.
    peak_channel : int or None
        Of the corrected template.
    estimates : list of Estimates
    days : list of DayEstimate
    grid : list of GridEstimate
    """

    cell_id: str
    cell: CellInput | None = None
    problem: Spe1Error | None = None
    notes: list[str] = field(default_factory=list)
    peak_channel: int | None = None
    estimates: list[Estimates] = field(default_factory=list)
    days: list[DayEstimate] = field(default_factory=list)
    grid: list[GridEstimate] = field(default_factory=list)

    def note(self, mode: str, part: str, error: Spe1Error) -> None:
        """A part that could not be computed."""
        self.notes.append(f"{mode.replace('_', ' ')}, {part}: {error.what}")


def evaluate_cell(
    root: Path, cell_id: str, options: BenchmarkOptions, progress: Progress | None = None
) -> CellEvaluation:
    """Localize one cell in every way that the options ask for.

    Parameters
    ----------
    root : Path
        Dataset root.
    cell_id : str
    options : BenchmarkOptions
    progress : Progress, optional

    Returns
    -------
    CellEvaluation
        In place of this project's exceptions: a cell that cannot be scored carries its
        problem, a part that cannot be computed a note.
    """
    found = CellEvaluation(cell_id)
    try:
        found.cell = read_cell(root, cell_id)
    except Spe1Error as error:
        found.problem = error
        return found
    for mode in options.modes:
        unit = Unit(found.cell, mode, options.raw_dir, options.n_jobs)
        _evaluate_clean(unit, options, found)
        if options.degradation or options.grid_search:
            try:
                _evaluate_degraded(unit, options, found, progress or Silent())
            except Spe1Error as error:
                found.note(mode, "degradation", error)
    return found


def _evaluate_clean(unit: Unit, options: BenchmarkOptions, found: CellEvaluation) -> None:
    """The template and, if asked for, every spike."""
    try:
        template_uV = unit.template_uV()
    except Spe1Error as error:
        # Masking nothing can be had from the shipped template alone.
        found.note(unit.mode, "its own template (the shipped one serves)", error)
        template_uV = unit.cell.template_uV
    waveforms = unit.waveforms(template_uV[np.newaxis], unit.n_before, template_uV)
    if unit.mode == "corrected":
        found.peak_channel = waveforms.masked.peak_channel
    found.estimates += _estimate(unit, "templates", waveforms, options)
    if not options.with_spikes:
        return
    try:
        windows_uV = unit.spike_windows_uV()
    except Spe1Error as error:
        found.note(unit.mode, "spikes", error)
        return
    if len(windows_uV) == 0:
        found.notes.append(f"{unit.mode}, spikes: none lies whole in the analysis window")
        return
    waveforms = unit.waveforms(windows_uV, SPIKE_WINDOW[0], template_uV)
    found.estimates += _estimate(unit, "spikes", waveforms, options)


def _estimate(
    unit: Unit, level: str, waveforms: Waveforms, options: BenchmarkOptions
) -> list[Estimates]:
    return estimate(
        unit.mode,
        level,
        waveforms,
        unit.cell.positions_um,
        params_of(unit.mode, level, options.methods),
        options.engine,
        options.n_jobs,
    )


def _evaluate_degraded(
    unit: Unit, options: BenchmarkOptions, found: CellEvaluation, progress: Progress
) -> None:
    """The days of figures 4 and 5.

    Raises
    ------
    Spe1Error
        The raw archive or the spikes are not there.
    """
    metadata = unit.cell.metadata
    if metadata is None:
        raise OutputError(
            "The public conversion's metadata does not tell where its window lies in the raw data.",
            where=unit.cell.folder / METADATA_NAME,
            do="build the cell with spe1 build",
        )
    raw = open_raw(unit.cell, options.raw_dir)
    spikes = choose_spikes(unit.whole_spikes(unit.n_before, unit.n_after))
    as_published.require_spikes(unit.cell.cell_id, spikes)
    days = sorted(
        set(options.days if options.degradation else ())
        | set(options.grid_days if options.grid_search else ())
    )
    with stage(progress, "degrade", len(options.seeds) * len(days), "days"):
        windows = DegradedWindows(
            raw,
            spikes + metadata.analysis_window.start_sample,
            unit.n_before,
            unit.n_after,
            options.n_jobs,
        )
        for seed in options.seeds:
            for day in days:
                _evaluate_day(unit, windows, seed, day, options, found)
                progress.advance(1)


def _evaluate_day(
    unit: Unit,
    windows: DegradedWindows,
    seed: int,
    day: int,
    options: BenchmarkOptions,
    found: CellEvaluation,
) -> None:
    """One day under one seed."""
    n_dead = ELECTRODES_PER_DAY * day
    if unit.mode == "as_published":
        n_dead = as_published.n_dead_on(day, ELECTRODES_PER_DAY)
    windows_uV = windows.with_dead(seed, n_dead)
    template_uV = mean_of(windows_uV[unit.template_spikes(len(windows_uV))])
    pieces = {"templates": unit.waveforms(template_uV[np.newaxis], unit.n_before, template_uV)}
    if options.with_spikes:
        pieces["spikes"] = unit.spikes_of(windows_uV, template_uV)
    for level, waveforms in pieces.items():
        if options.degradation and day in options.days:
            found.days += [
                DayEstimate(day, n_dead, seed, part)
                for part in _estimate(unit, level, waveforms, options)
            ]
        if options.grid_search and day in options.grid_days:
            found.grid += search(
                waveforms,
                params_of(unit.mode, level, options.methods),
                options.engine,
                options.n_jobs,
                mode=unit.mode,
                level=level,
                day=day,
                seed=seed,
            )
