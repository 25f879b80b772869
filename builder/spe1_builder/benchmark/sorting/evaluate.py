"""One cell: every sorter's spikes, and what they are worth."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from spe1_builder.benchmark.common.inputs import metadata_state
from spe1_builder.benchmark.sorting.cell import SortingCell, open_sorting_cell
from spe1_builder.benchmark.sorting.conditions import Others, recall_curves
from spe1_builder.benchmark.sorting.facts import cell_facts, planted_others
from spe1_builder.benchmark.sorting.given import GivenSorting, given_units
from spe1_builder.benchmark.sorting.kept import keep, kept_path, read_kept
from spe1_builder.benchmark.sorting.match import match
from spe1_builder.benchmark.sorting.options import SortingOptions
from spe1_builder.benchmark.sorting.places import unit_places
from spe1_builder.benchmark.sorting.registry import find_sorters
from spe1_builder.benchmark.sorting.schema_cells import (
    Agreement,
    FixedRateScore,
    SortedCell,
    SorterResult,
)
from spe1_builder.benchmark.sorting.score import (
    TOLERANCES_MS,
    as_samples,
    best_unit,
    from_sample,
    score_sorting,
    spikes_of,
)
from spe1_builder.benchmark.sorting.sorter import Sorter, SorterOptions, SorterRun
from spe1_builder.cells import get_cell
from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.errors import MissingFileError, MissingPackageError, OutputError, Spe1Error
from spe1_builder.layout import METADATA_NAME, RootLayout

#: What a sorting that was given is called.
GIVEN = "given"
_TRIES = 2
_DELTA = as_samples(TOLERANCES_MS[0])


@dataclass(frozen=True)
class _Scored:
    """A result, and the spikes of its best unit."""

    result: SorterResult
    best: np.ndarray


def evaluate_cell(
    root: Path, cell_id: str, options: SortingOptions, given: GivenSorting | None = None
) -> SortedCell:
    """Run and score every sorter on one cell.

    Parameters
    ----------
    root : Path
        Dataset root.
    cell_id : str
    options : SortingOptions
    given : GivenSorting, optional
        Scored beside the sorters that are run.

    Returns
    -------
    SortedCell
        In place of exceptions: a cell that cannot be opened carries its problem, a sorter that
        fails its own. A cell that is rebuilt meanwhile is evaluated once more.

    Raises
    ------
    OptionError
        No sorter has such a name.
    """
    sorters = find_sorters(options)
    for _ in range(_TRIES):
        state = metadata_state(root, cell_id)
        try:
            found = _evaluate(root, cell_id, sorters, options, given)
        except (Spe1Error, OSError) as error:
            found = SortedCell(
                cell_id=cell_id, problem=_cause(error), origin=None, fingerprint=None
            )
        if metadata_state(root, cell_id) == state:
            return found
    problem = f"{cell_id} was rebuilt while it was scored, {_TRIES} times."
    return SortedCell(cell_id=cell_id, problem=problem, origin=None, fingerprint=None)


def _cause(error: Exception) -> str:
    if isinstance(error, MissingPackageError):
        return f"{error.what} {error.do}"  # the line that installs it
    return error.what if isinstance(error, Spe1Error) else f"{type(error).__name__}: {error}"


def _evaluate(
    root: Path,
    cell_id: str,
    sorters: Sequence[Sorter],
    options: SortingOptions,
    given: GivenSorting | None,
) -> SortedCell:
    get_cell(cell_id)
    folder = RootLayout(root).cell(cell_id)
    if not (folder / METADATA_NAME).is_file():
        raise MissingFileError(
            f"{cell_id} has not been built here.",
            where=folder,
            do=f"build it: spe1 build {cell_id} --raw-dir .raw --root {root}",
        )
    cell = open_sorting_cell(folder, options.channels)
    if not len(cell.truth):
        raise OutputError(
            f"{cell_id} has no patched spike in its window.",
            where=folder,
            do="leave the cell out, or build it with a longer window (--duration-s)",
        )
    others = planted_others(cell, options.raw_dir)
    scored = []
    for sorter in sorters:
        for repeat in range(sorter.n_repeats or options.repeats):
            scored.append(_run(root, cell, sorter, repeat, options, others))
    if given is not None:
        scored.append(_given(cell, given, others))
    results = _against_ceiling([one.result for one in scored])
    metadata = cell.metadata
    detectability = next(
        (one.notes["detectability"] for one in results if "detectability" in one.notes), None
    )
    place = metadata.unit_locations_um["0"]
    return SortedCell(
        cell_id=cell_id,
        problem=None,
        warnings=[warning.message for warning in metadata.warnings],
        origin=metadata.provenance.kind,
        fingerprint=metadata.provenance.fingerprint,
        duration_s=cell.n_samples / NPX_RATE_HZ,
        target_um=(place[0], place[1]),
        facts=cell_facts(cell, detectability),
        spike_samples=cell.truth.tolist(),
        sorters=results,
        agreement=_agreement(scored),
    )


def _run(
    root: Path,
    cell: SortingCell,
    sorter: Sorter,
    repeat: int,
    options: SortingOptions,
    others: Sequence[np.ndarray] | None,
) -> _Scored:
    """A sorter's run, or one that was kept."""
    asked = SorterOptions(options.channels, repeat)
    fingerprint = cell.metadata.provenance.fingerprint
    path = kept_path(root, cell.metadata.cell_id, fingerprint, sorter, asked)
    facts: dict[str, Any] = {
        "sorter": sorter.look.name,
        "role": sorter.role,
        "version": sorter.version,
        "repeat": repeat,
        "parameters": _plain(sorter.parameters),
    }
    run = None if options.again else read_kept(path)
    was_kept = run is not None
    if run is None:
        try:
            run = sorter(cell.folder, asked)
        except (Spe1Error, OSError, MemoryError) as error:
            return _Scored(SorterResult(**facts, problem=_cause(error)), np.empty(0, np.int64))
        try:
            keep(path, run)
        except OSError as error:  # a root that cannot be written: it will run again
            facts["notes"] = {"not_kept": f"{error.strerror or error}"}
    facts["was_kept"] = was_kept
    return _score(cell, run, facts, others)


def _given(cell: SortingCell, given: GivenSorting, others: Sequence[np.ndarray] | None) -> _Scored:
    facts: dict[str, Any] = {
        "sorter": GIVEN,
        "role": "given",
        "version": "",
        "repeat": 0,
        "parameters": {},
    }
    try:
        window = cell.metadata.analysis_window
        units = given_units(given, cell.metadata.cell_id, window)
    except (Spe1Error, OSError) as error:
        detail = f" {error.got}" if isinstance(error, Spe1Error) and error.got else ""
        problem = _cause(error) + detail
        return _Scored(SorterResult(**facts, problem=problem), np.empty(0, np.int64))
    return _score(cell, SorterRun(units, None, None, None), facts, others)


def _score(
    cell: SortingCell,
    run: SorterRun,
    facts: dict[str, Any],
    planted: Sequence[np.ndarray] | None,
) -> _Scored:
    units, truth = run.units, cell.truth
    score = score_sorting(truth, units, cell.n_samples, cell.n_train, planted)
    best = spikes_of(units, score.headline.best.unit_id)
    is_hit = np.zeros(len(truth), dtype=bool)
    is_hit[match(truth, best, _DELTA)[0]] = True
    others, whose = planted, "planted"
    if others is None:
        others, whose = _other_units(run, score.headline.best.unit_id, truth), "sorted"
    of_whom: Others = "planted" if whose == "planted" else "sorted"
    notes = {**facts.pop("notes", {}), **_plain(units.notes), "source": units.source}
    result = SorterResult(
        **facts,
        notes=notes,
        n_units=len(units.unit_ids),
        n_spikes=units.n_spikes,
        score=score,
        fixed_rates=[
            FixedRateScore(
                fp_rate_hz=one.fp_rate_hz,
                threshold_sd=one.threshold,
                test=best_unit(
                    truth[truth >= cell.n_train], from_sample(one.units, cell.n_train), _DELTA
                ),
                all=best_unit(truth, one.units, _DELTA),
            )
            for one in run.fixed_rates
        ],
        curves=recall_curves(cell, is_hit, others, of_whom),
        missed=np.flatnonzero(~is_hit).tolist(),
        places=unit_places(cell, best),
        wall_s=run.wall_s,
        processor_s=run.processor_s,
        peak_memory_bytes=run.peak_memory_bytes,
    )
    return _Scored(result, best)


def _other_units(run: SorterRun, best: str | None, truth: np.ndarray) -> list[np.ndarray]:
    """Units that are neither the best one nor a part of the patched neuron: most of their spikes
    are elsewhere."""
    return [
        samples
        for name, samples in zip(run.units.unit_ids, run.units.samples, strict=True)
        if name != best and 2 * len(match(truth, samples, _DELTA)[0]) < len(samples)
    ]


def _against_ceiling(results: list[SorterResult]) -> list[SorterResult]:
    """The results, and of each sorter whether it is beyond what a matched filter reaches."""
    ceiling = next((one for one in results if one.role == "ceiling" and one.score), None)
    if ceiling is None or ceiling.score is None:
        return results
    top = ceiling.score.headline.best.accuracy_interval
    told = []
    for one in results:
        low = one.score.headline.best.accuracy_interval if one.score else None
        if one.role in ("sorter", "given") and low is not None and top is not None:
            one = one.model_copy(update={"beats_ceiling": low.low > top.high})
        told.append(one)
    return told


def _agreement(scored: Sequence[_Scored]) -> list[Agreement]:
    pairs = []
    for a, b in combinations([one for one in scored if len(one.best)], 2):
        n_both = len(match(a.best, b.best, _DELTA)[0])
        pairs.append(
            Agreement(
                sorters=(a.result.sorter, b.result.sorter),
                repeats=(a.result.repeat, b.result.repeat),
                agreement=n_both / (len(a.best) + len(b.best) - n_both),
            )
        )
    return pairs


def _plain(values: Any) -> dict[str, Any]:
    """As JSON has them; what it has not, in words."""
    plain: dict[str, Any] = json.loads(json.dumps(dict(values), default=str))
    return plain
