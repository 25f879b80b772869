"""The methods on real neurons: the digitised templates that come with the package.

A template has 25 of the probe's 384 channels, one site per 20 um in two of the four columns: a
place along the probe can be had from it, and hardly one across.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from spe1_builder.benchmark.common.inputs import CellInput
from spe1_builder.benchmark.localization.evaluate import CellEvaluation, evaluate_clean
from spe1_builder.benchmark.localization.options import BenchmarkOptions
from spe1_builder.benchmark.localization.plan import Plan, make_plan
from spe1_builder.benchmark.localization.run import assemble
from spe1_builder.benchmark.localization.schema import LocalizationBenchmark
from spe1_builder.benchmark.localization.unit import Unit
from spe1_builder.cells import cell_names, members, plain_names
from spe1_builder.constants import N_CHANNELS, NPX_RATE_HZ, REFERENCE_CHANNELS
from spe1_builder.errors import OptionError, Spe1Error
from spe1_builder.probe import nominal_positions_um
from spe1_builder.source.scraps.model import CellScraps
from spe1_builder.source.scraps.packaged import scraps

#: Faults that the template has.
_OF_TEMPLATES = ("local_peak", "amplitude_scale")
#: What the result says of its cells.
SCRAPS_LABEL = (
    "real neurons: templates digitised from the authors' figures, on 25 of 384 channels, so that "
    "x is weakly resolved; not to be mixed with results on whole recordings or on simulated cells"
)


def scraps_input(cell: CellScraps) -> CellInput:
    """A digitised template as a cell to be scored; channels that it lacks count as bad."""
    template_uV = np.zeros((cell.template_uV.shape[1], N_CHANNELS), dtype=np.float32)
    template_uV[:, cell.channels] = cell.template_uV.T
    positions_um = nominal_positions_um().astype(np.float64)
    usable = np.setdiff1d(cell.channels, REFERENCE_CHANNELS)
    return CellInput(
        cell_id=cell.cell_id,
        folder=Path("scraps"),
        template_uV=template_uV,
        n_before=scraps().n_before,
        positions_um=positions_um,
        sampling_frequency_hz=float(NPX_RATE_HZ),
        target_um=positions_um[cell.cell.chan_predicted],
        gt_channel=cell.cell.chan_predicted,
        bad_channels=tuple(np.setdiff1d(np.arange(N_CHANNELS), usable).tolist()),
        n_spikes=len(cell.spike_samples),
        origin=None,
        metadata=None,
        metadata_form="scraps",
    )


def evaluate_scraps(cell: CellScraps, plan: Plan) -> CellEvaluation:
    """Localize the template of one cell by every method of the plan."""
    found = CellEvaluation(cell.cell_id, cell=scraps_input(cell))
    assert found.cell is not None
    evaluate_clean(Unit(found.cell, "corrected", Path(), plan.n_threads, plan.align), plan, found)
    found.warnings += [fault.text for fault in cell.faults if fault.kind in _OF_TEMPLATES]
    return found


def run_on_scraps(
    options: BenchmarkOptions, cells: str | Iterable[str] | None = None
) -> LocalizationBenchmark:
    """Score the methods on the real templates that come with the package.

    Parameters
    ----------
    options : BenchmarkOptions
        Templates alone: there are no recordings to take spikes from, or to kill channels in.
    cells : str or iterable of str, optional
        Cells and sets; by default all 21 that have a template.

    Returns
    -------
    LocalizationBenchmark
        ``provenance.origin`` is "digitised".

    Raises
    ------
    OptionError
        An option asks for recordings.
    UnknownCellError
        No such cell, or one without a template.
    """
    for name in ("with_spikes", "degradation", "grid_search"):
        if getattr(options, name):
            raise _needs_recordings(name)
    if options.masking != "corrected":
        raise _needs_recordings("masking")
    plan = make_plan(options)
    chosen = list(scraps()) if cells is None else [scraps()[cell_id] for cell_id in _ids(cells)]
    evaluations = [evaluate_scraps(cell, plan) for cell in chosen]
    return assemble(evaluations, plan, of_scraps=SCRAPS_LABEL)


def _ids(cells: str | Iterable[str]) -> Sequence[str]:
    return list(dict.fromkeys(i for name in plain_names(cell_names(cells)) for i in members(name)))


def _needs_recordings(name: str) -> Spe1Error:
    return OptionError(
        f"{name} needs recordings, and the scraps are templates alone.",
        where=name,
        do=f"leave out {name}, or score built cells (on='root')",
    )
