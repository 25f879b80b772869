"""One cell, from its files to the estimates of every contestant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from spe1_builder.benchmark.common.inputs import CellInput, metadata_state, read_cell
from spe1_builder.benchmark.common.spikes import open_raw
from spe1_builder.benchmark.localization.alignment import BothWays, locate_both_ways
from spe1_builder.benchmark.localization.degradation.grid_search import GridEstimate, search
from spe1_builder.benchmark.localization.degradation.windows import DegradedWindows, choose_spikes
from spe1_builder.benchmark.localization.estimate import Estimates, Waveforms, estimate
from spe1_builder.benchmark.localization.options import ELECTRODES_PER_DAY
from spe1_builder.benchmark.localization.plan import Plan
from spe1_builder.benchmark.localization.precision import Halves, locate_halves
from spe1_builder.benchmark.localization.unit import SPIKE_WINDOW_SAMPLES, Unit, mean_of
from spe1_builder.benchmark.localization.words import Level, Mode
from spe1_builder.benchmark.localization.zhao2026 import as_published
from spe1_builder.errors import OutputError, Spe1Error
from spe1_builder.layout import METADATA_NAME, RootLayout
from spe1_builder.progress import Progress, Silent, stage

#: How often a cell is scored, if it is rebuilt meanwhile.
_TRIES = 2
#: What files that are missing or damaged raise: it befalls one cell, and the others go on.
TROUBLE = (Spe1Error, OSError, pa.lib.ArrowException)


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
    warnings : list of str
        What speaks against the cell, besides what its metadata say.
    peak_channel : int or None
        Of the corrected template.
    both_ways : BothWays or None
        The corrected template around the patch spike and around its trough.
    estimates : list of Estimates
    halves : list of Halves
        Of the corrected spikes.
    days : list of DayEstimate
    grid : list of GridEstimate
    """

    cell_id: str
    cell: CellInput | None = None
    problem: Spe1Error | None = None
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    peak_channel: int | None = None
    both_ways: BothWays | None = None
    estimates: list[Estimates] = field(default_factory=list)
    halves: list[Halves] = field(default_factory=list)
    days: list[DayEstimate] = field(default_factory=list)
    grid: list[GridEstimate] = field(default_factory=list)

    def note(self, mode: str, part: str, error: Exception) -> None:
        """A part that could not be computed."""
        cause = error.what if isinstance(error, Spe1Error) else f"{type(error).__name__}: {error}"
        self.notes.append(f"{mode.replace('_', ' ')}, {part}: {cause}")


def evaluate_cell(
    root: Path, cell_id: str, plan: Plan, progress: Progress | None = None
) -> CellEvaluation:
    """Localize one cell in every way that the plan has.

    Parameters
    ----------
    root : Path
        Dataset root.
    cell_id : str
    plan : Plan
    progress : Progress, optional

    Returns
    -------
    CellEvaluation
        In place of exceptions: a cell that cannot be scored carries its problem, a part
        that cannot be computed a note. A cell that is rebuilt meanwhile is scored once
        more, and has a problem if it is rebuilt again.
    """
    for _ in range(_TRIES):
        state = metadata_state(root, cell_id)
        found = _evaluate(root, cell_id, plan, progress)
        if metadata_state(root, cell_id) == state:
            return found
    return CellEvaluation(
        cell_id,
        problem=OutputError(
            f"{cell_id} was rebuilt while it was scored, {_TRIES} times.",
            where=RootLayout(root).cell(cell_id),
            do="run the benchmark again when the build has ended",
        ),
    )


def _evaluate(root: Path, cell_id: str, plan: Plan, progress: Progress | None) -> CellEvaluation:
    """One try; whatever a damaged cell raises becomes its problem, and the others go on."""
    found = CellEvaluation(cell_id)
    try:
        found.cell = read_cell(root, cell_id)
        _evaluate_cell(found, plan, progress)
    except Spe1Error as error:
        problem = error
    except Exception as error:  # noqa: BLE001 - files of any content; the others must go on
        problem = OutputError(
            f"The files of {cell_id} cannot be used.",
            where=RootLayout(root).cell(cell_id),
            got=f"{type(error).__name__}: {error}",
            do="check them (spe1 verify), the folder's permissions and the disk",
        )
    else:
        return found
    return CellEvaluation(cell_id, problem=problem)


def _evaluate_cell(found: CellEvaluation, plan: Plan, progress: Progress | None) -> None:
    assert found.cell is not None
    units = [
        Unit(found.cell, mode, plan.raw_dir, plan.n_threads, plan.align) for mode in plan.modes
    ]
    for unit in units:
        evaluate_clean(unit, plan, found)
    if plan.all_days:
        try:
            _evaluate_degraded(units, plan, found, progress or Silent())
        except TROUBLE as error:
            found.note("all", "degradation", error)
            # A part of the days would be a curve of something else.
            found.days.clear()
            found.grid.clear()


def evaluate_clean(unit: Unit, plan: Plan, found: CellEvaluation) -> None:
    """The template of a unit and, if asked for, every spike, by every contestant of the plan."""
    try:
        template_uV = unit.template_uV()
    except TROUBLE as error:
        # Masking nothing can be had from the shipped template alone.
        found.note(unit.mode, "its own template (the shipped one serves)", error)
        template_uV = unit.cell.template_uV
    waveforms = unit.waveforms(template_uV[np.newaxis], unit.spike_index, template_uV)
    if unit.mode == "corrected":
        found.peak_channel = waveforms.masked.peak_channel
        found.both_ways = locate_both_ways(unit, template_uV, plan)
    found.estimates += _estimate(unit, "templates", waveforms, plan, is_timed=True)
    if "spikes" not in plan.levels:
        return
    try:
        windows_uV = unit.spike_windows_uV()
    except TROUBLE as error:
        found.note(unit.mode, "spikes", error)
        return
    if len(windows_uV) == 0:
        found.notes.append(f"{unit.mode}, spikes: none lies whole in the analysis window")
        return
    waveforms = unit.waveforms(windows_uV, SPIKE_WINDOW_SAMPLES[0], template_uV)
    found.estimates += _estimate(unit, "spikes", waveforms, plan, is_timed=True)
    if unit.mode == "corrected":
        try:
            found.halves = locate_halves(unit, template_uV, plan)
        except TROUBLE as error:
            found.note(unit.mode, "halves of the spikes", error)


def _estimate(
    unit: Unit, level: Level, waveforms: Waveforms, plan: Plan, *, is_timed: bool = False
) -> list[Estimates]:
    positions_um = unit.cell.positions_um
    return estimate(unit.mode, level, waveforms, positions_um, plan, is_timed=is_timed)


def _evaluate_degraded(
    units: Sequence[Unit], plan: Plan, found: CellEvaluation, progress: Progress
) -> None:
    """The days of figures 4 and 5; the modes share the filtered windows.

    Raises
    ------
    Spe1Error
        The raw archive is not there or damaged.
    """
    usable: list[tuple[Unit, np.ndarray]] = []
    for unit in units:
        try:
            usable.append((unit, _recording_spikes(unit)))
        except TROUBLE as error:
            found.note(unit.mode, "degradation", error)
    if not usable:
        return
    unit = usable[0][0]
    raw = open_raw(unit.cell, plan.raw_dir)
    joined = np.unique(np.concatenate([recording_spikes for _, recording_spikes in usable]))
    windows = DegradedWindows(raw, joined, unit.n_before, unit.n_after, plan.n_threads)
    wanted: dict[int, list[tuple[Unit, np.ndarray, int]]] = defaultdict(list)
    for unit, recording_spikes in usable:
        of_unit = np.searchsorted(joined, recording_spikes)
        for day in plan.all_days:
            wanted[_n_dead(unit.mode, day)].append((unit, of_unit, day))
    with stage(progress, f"degrade {found.cell_id}", len(plan.seeds) * len(wanted), "days"):
        for seed in plan.seeds:
            for n_dead in sorted(wanted):
                windows_uV = windows.with_dead(seed, n_dead)
                for unit, of_unit, day in wanted[n_dead]:
                    _evaluate_day(unit, windows_uV[of_unit], seed, day, plan, found)
                progress.advance(1)


def _n_dead(mode: Mode, day: int) -> int:
    if mode == "as_published":
        return as_published.n_dead_on(day, ELECTRODES_PER_DAY)
    return ELECTRODES_PER_DAY * day


def _recording_spikes(unit: Unit) -> np.ndarray:
    """Spikes of a unit whose windows are looked at: int64 (n_spikes,), samples of the recording.

    Raises
    ------
    Spe1Error
        They are not there, or there are none, or it is not known where they lie.
    """
    metadata = unit.cell.metadata
    if metadata is None:
        raise OutputError(
            "The public conversion's metadata does not tell where its window lies in the raw data.",
            where=unit.cell.folder / METADATA_NAME,
            do="build the cell with spe1 build",
        )
    window_spikes = choose_spikes(unit.whole_spikes(unit.n_before, unit.n_after))
    as_published.require_spikes(unit.cell.cell_id, len(window_spikes))
    return window_spikes + metadata.analysis_window.start_sample


def _evaluate_day(
    unit: Unit,
    windows_uV: np.ndarray,
    seed: int,
    day: int,
    plan: Plan,
    found: CellEvaluation,
) -> None:
    """One day under one seed, from that day's windows: (n_spikes, n_samples, n_channels)."""
    n_dead = _n_dead(unit.mode, day)
    template_uV = mean_of(windows_uV[unit.template_choice(len(windows_uV))])
    pieces: dict[Level, Waveforms] = {}
    pieces["templates"] = unit.waveforms(template_uV[np.newaxis], unit.spike_index, template_uV)
    if "spikes" in plan.levels:
        pieces["spikes"] = unit.spikes_of(windows_uV, template_uV)
    for level, waveforms in pieces.items():
        if day in plan.days:
            found.days += [
                DayEstimate(day, n_dead, seed, part)
                for part in _estimate(unit, level, waveforms, plan)
            ]
        if day in plan.grid_days:
            found.grid += search(waveforms, plan, mode=unit.mode, level=level, day=day, seed=seed)
