"""A simulated SPE-1 archive: the release's files, with a planted truth beside them.

The real recordings need an account and 276 GB; this makes cells of the same byte
layout from a seed. In each, one neuron is patched: it fires in the patch trace, on
the patch's own clock, and at a known place in front of the electrode that the
catalogue names, among background neurons and noise. A semi-real one has the footprint and
the spike train of the real neuron, and lies where that does. ``truth/`` keeps what was planted.

>>> [truth] = simulate("raw", "c14", duration_s=1.0).truths
>>> truth.cell_id, truth.electrode
('c14', 159)
>>> x_um, y_um, z_um = truth.location_um
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from spe1_builder.cells import Cell, expand_cells, get_cell
from spe1_builder.constants import N_CHANNELS, NPX_RATE_HZ
from spe1_builder.declared import takes_options_of
from spe1_builder.disk.space import require_space
from spe1_builder.errors import OptionError
from spe1_builder.layout import RawLayout
from spe1_builder.paths import local_path
from spe1_builder.progress import Progress, Silent, stage
from spe1_builder.source.simulation import npx, patch, released, shared_files
from spe1_builder.source.simulation.background import make_background
from spe1_builder.source.simulation.neurons import TEMPLATE_BEFORE, Neurons, make_neurons
from spe1_builder.source.simulation.options import SimulationOptions
from spe1_builder.source.simulation.result import SimulatedArchive
from spe1_builder.source.simulation.semi_real import require_semi_real
from spe1_builder.source.simulation.target import check_target, growing_cell, is_up_to_date
from spe1_builder.source.simulation.truth import (
    CellTruth,
    is_simulated,
    read_truth,
    simulated_cells,
)

__all__ = [
    "CellTruth",
    "SimulatedArchive",
    "SimulationOptions",
    "is_simulated",
    "is_up_to_date",
    "read_truth",
    "simulate",
    "simulate_cell",
    "simulated_cells",
]

#: Independent random streams of a cell, by their place in the seed's tree.
_NEURONS, _BACKGROUND, _NPX, _PATCH, _SYNC, _DOUBLED = range(6)
#: Bytes per NPX sample (channels and sync) and per patch sample (trace and sync).
_NPX_BYTES, _PATCH_BYTES = N_CHANNELS * 2 + 2, 16
_DEFAULT_OPTIONS = SimulationOptions()


@takes_options_of(SimulationOptions)
def simulate(
    raw_dir: str | Path,
    cells: str | Iterable[str] = "c14",
    options: SimulationOptions = _DEFAULT_OPTIONS,
    progress: Progress | None = None,
    *,
    overwrite: bool = False,
    n_threads: int = 2,
    **changed: Any,
) -> SimulatedArchive:
    """Write a synthetic SPE-1 archive: files, names and dtypes as the real one, truth beside it.

    Cells that the archive already holds stay, and stay in the summary: call again
    with other options to mix kinds of cells. One that is there with these options is up
    to date, and is not written again.

    Parameters
    ----------
    raw_dir : str or Path
        Becomes the archive: shared files, ``Recordings/cXX/`` and ``truth/``.
    cells : str or iterable of str
        Ids, or names of sets.
    options : SimulationOptions
        For all of these cells; each draws its own numbers. What is named beside it, below, is
        changed in it. The default is the easy kind, which ``spe1 simulate --easy`` writes; the
        command's own is ``peak_to_peak_uV=None, distance_um=None, noise="measured"``.
    progress : Progress, optional
        Told of the bytes written.
    overwrite : bool
        Whether a simulated cell that is there is replaced, also by the same. A real one
        never is, nor a channel map or a summary that the simulator did not write.
    n_threads : int
        Decides the speed, not the bytes.
    {options}

    Returns
    -------
    SimulatedArchive
        The folder, for `build`, and what was planted in each cell.

    Raises
    ------
    UnknownCellError, OptionError, SpaceError
        No such cell; it is already there with other options, or the folder is real; the
        disk is full.
    RawDataError
        The record of the shared files cannot be read.

    Examples
    --------
    >>> import spe1
    >>> archive = spe1.simulate("simulated", ["c14", "c5"], duration_s=1.0, firing_rate_hz=20.0)
    >>> print(archive)
    2 simulated cells in simulated; the truth in simulated/truth
    >>> [(truth.cell_id, truth.patch_type) for truth in archive.truths]
    [('c14', 'Juxta, VC'), ('c5', 'WC, IC')]
    >>> archive.truths[0].location_um, archive.truths[0].electrode
    ((..., ..., 25.0), 159)
    """
    raw_dir = local_path(raw_dir, "raw_dir")
    if not isinstance(options, SimulationOptions):
        raise OptionError(
            "The options are of another kind.",
            where="options",
            expected="SimulationOptions",
            got=f"{options!r:.200}",
            do="make them with spe1.SimulationOptions(...)",
        )
    options = replace(options, **changed)
    ids = expand_cells(cells)
    if options.semi_real:
        require_semi_real(ids)
    for cell_id in ids:
        check_target(raw_dir, cell_id, options, overwrite)
    found = shared_files.check_shared_files(raw_dir)
    kept = [] if overwrite else [one for one in ids if is_up_to_date(raw_dir, one, options)]
    truths = [
        simulate_cell(raw_dir, cell_id, options, progress, overwrite=overwrite, n_threads=n_threads)
        for cell_id in ids
    ]
    shared_files.write_shared_files(raw_dir, found)
    return SimulatedArchive(raw_dir, tuple(truths), tuple(kept))


def simulate_cell(
    raw_dir: Path | str,
    cell_id: str,
    options: SimulationOptions = _DEFAULT_OPTIONS,
    progress: Progress | None = None,
    *,
    overwrite: bool = False,
    n_threads: int = 2,
) -> CellTruth:
    """Simulate one cell: its folder and its truth, without the shared files.

    Parameters, exceptions: as `simulate`. The files grow in
    ``Recordings/cXX.incomplete``, which one rename makes the cell.

    Returns
    -------
    CellTruth
    """
    raw_dir = Path(raw_dir)
    progress = Silent() if progress is None else progress
    cell = get_cell(cell_id)
    if n_threads < 1:
        raise OptionError(
            "Nothing can be written with no thread.",
            where="n_threads",
            expected="1 or more",
            got=n_threads,
            do="leave it out for 2",
        )
    if options.semi_real:
        require_semi_real([cell_id])
    check_target(raw_dir, cell_id, options, overwrite)
    if not overwrite and is_up_to_date(raw_dir, cell_id, options):
        return read_truth(raw_dir, cell_id)
    n_npx, n_patch = options.n_npx, options.n_patch_of(cell)
    n_bytes = n_npx * _NPX_BYTES + n_patch * _PATCH_BYTES
    layout = RawLayout(raw_dir)
    layout.recordings.mkdir(parents=True, exist_ok=True)
    do = "free some room, or simulate a shorter recording"
    require_space(layout.recordings, n_bytes, "the simulated recording", do=do)
    neurons = make_neurons(cell, options, _generator(cell, options, _NEURONS))
    truth = _truth(cell, options, neurons)
    with (
        growing_cell(layout, truth, overwrite) as files,
        stage(progress, "simulate", n_bytes, "B"),
    ):
        for done in _write_streams(files, cell, options, neurons, n_threads):
            progress.advance(done)
        _write_small_files(files, truth)
    return truth


def _write_streams(
    files: Mapping[str, Path],
    cell: Cell,
    options: SimulationOptions,
    neurons: Neurons,
    n_threads: int,
) -> Iterator[int]:
    """Write the four streams; yields the bytes of each piece done."""
    n_npx, n_patch = options.n_npx, options.n_patch_of(cell)
    rate_hz = n_patch * NPX_RATE_HZ / n_npx
    background = make_background(options, _generator(cell, options, _BACKGROUND))
    edges_s = patch.sync_edges_s(n_npx / NPX_RATE_HZ, _generator(cell, options, _SYNC))
    seeds = _seeds(cell, options, _NPX)
    yield from npx.write_npx_stream(files["npx_raw"], neurons, background, n_npx, seeds, n_threads)
    yield patch.write_patch_trace(
        files["patch"],
        options.patch_type_of(cell),
        neurons.patch_samples,
        n_patch,
        rate_hz,
        _generator(cell, options, _PATCH),
    )
    yield patch.write_sync(
        files["npx_sync"], edges_s, n_npx, NPX_RATE_HZ, patch.NPX_SYNC_HIGH, "<i2"
    )
    yield patch.write_sync(
        files["patch_sync"], edges_s, n_patch, rate_hz, patch.PATCH_SYNC_HIGH_V, "<f8"
    )


def _write_small_files(files: Mapping[str, Path], truth: CellTruth) -> None:
    text = shared_files.meta_text(truth.n_npx, truth.n_patch)
    files["meta"].write_text(text, encoding="ascii", newline="\n")
    lists = {"spikes": truth.patch_samples}
    lists["extracellular_spikes"] = np.rint(truth.npx_samples).astype(np.int64)
    if not truth.options.write_spike_file:
        del lists["spikes"]
    if not truth.options.write_extracellular_spikes:
        del lists["extracellular_spikes"]
    if not truth.options.as_released:
        for kind, samples in lists.items():
            np.save(files[kind], samples)
        return
    rng = _generator(get_cell(truth.cell_id), truth.options, _DOUBLED)
    which, later_s = released.doubled_s(len(truth.patch_samples), rng)
    rates_hz = {"spikes": truth.patch_rate_hz, "extracellular_spikes": NPX_RATE_HZ}
    for kind, samples in lists.items():
        listed = released.with_doubled(samples, which, later_s, rates_hz[kind])
        files[kind].write_bytes(released.python2_npy(listed))


def _truth(cell: Cell, options: SimulationOptions, neurons: Neurons) -> CellTruth:
    """What is planted, as it is written beside the recordings."""
    n_npx, n_patch = options.n_npx, options.n_patch_of(cell)
    is_patched = neurons.units == 0
    x_um, y_um, z_um = neurons.locations_um[0].tolist()
    return CellTruth(
        cell_id=cell.cell_id,
        patch_type=options.patch_type_of(cell).release_name,
        location_um=(x_um, y_um, z_um),
        electrode=cell.chan_predicted,
        peak_channel=int(neurons.footprints_uV[0].argmax()),
        peak_to_peak_uV=float(
            neurons.footprints_uV[0].max()
            if options.semi_real
            else options.peak_to_peak_uV_of(cell)
        ),
        n_npx=n_npx,
        n_patch=n_patch,
        patch_rate_hz=n_patch * NPX_RATE_HZ / n_npx,
        trough_index=TEMPLATE_BEFORE,
        background_locations_um=tuple(map(tuple, neurons.locations_um[1:].tolist())),
        background_peak_to_peak_uV=tuple(neurons.footprints_uV[1:].max(axis=1).tolist()),
        options=options,
        patch_samples=neurons.patch_samples,
        npx_samples=neurons.times[is_patched],
        amplitudes=neurons.amplitudes[is_patched],
        template_uV=neurons.patched_template_uV,
        background_samples=neurons.times[~is_patched],
        background_units=neurons.units[~is_patched] - 1,
    )


def _seeds(cell: Cell, options: SimulationOptions, stream: int) -> np.random.SeedSequence:
    """The seed of one random stream of one cell."""
    return np.random.SeedSequence(options.seed, spawn_key=(int(cell.cell_id[1:]), stream))


def _generator(cell: Cell, options: SimulationOptions, stream: int) -> np.random.Generator:
    return np.random.Generator(np.random.SFC64(_seeds(cell, options, stream)))
