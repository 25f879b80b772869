"""One cell, from its raw files to its folder in the dataset root: the transaction."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spe1_builder.cells import get_cell
from spe1_builder.constants import N_CHANNELS, NPX_RATE_HZ
from spe1_builder.dataset.card.card import write_card
from spe1_builder.dataset.metadata import ConversionMetadata, read_model
from spe1_builder.dataset.plan.existing import is_current
from spe1_builder.dataset.plan.inputs import Identity, Inputs, Sources, identify, read_inputs
from spe1_builder.dataset.plan.options import BuildOptions
from spe1_builder.dataset.sidecars.arrays import write_patch, write_stats, write_templates
from spe1_builder.dataset.sidecars.quicklook import Quicklook, draw_quicklook, load_drawing
from spe1_builder.dataset.write.record import Findings, dataset_info, make_metadata
from spe1_builder.dataset.write.root import check_side_files, mirror_side_files, prepare_root
from spe1_builder.dataset.write.rows import write_json
from spe1_builder.dataset.write.stream import default_threads, write_segments
from spe1_builder.dataset.write.transaction import clear_leftovers, growing_cell, locked
from spe1_builder.disk import require_space, translated_os_errors
from spe1_builder.errors import OptionError
from spe1_builder.layout import DATASET_DICT_NAME, METADATA_NAME, QUICKLOOK_NAME, SPLITS, RootLayout
from spe1_builder.progress import Progress, Silent, Stoppable, stage
from spe1_builder.signal.bad_channels.detect import BadChannels, detect_bad_channels
from spe1_builder.signal.bad_channels.options import DetectionOptions
from spe1_builder.signal.bandpass.preprocess import Preprocessor, make_preprocessor
from spe1_builder.signal.template import SpikeSums
from spe1_builder.source.recording.patch import find_agreement, find_ground_truth, patch_window
from spe1_builder.source.recording.raw import RawCell

#: Seconds to wait for another process that is writing the card.
_CARD_WAIT_S = 60.0


@dataclass(frozen=True)
class BuildResult:
    """What came of one cell.

    Attributes
    ----------
    cell_id : str
    folder : Path
    status : str
        "built" or "up to date".
    metadata : ConversionMetadata
    seconds : float
    """

    cell_id: str
    folder: Path
    status: str
    metadata: ConversionMetadata
    seconds: float


def build_cell(
    cell_id: str,
    sources: Sources,
    root: Path,
    options: BuildOptions | None = None,
    *,
    n_threads: int | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> BuildResult:
    """Build one cell, or find that it is up to date.

    The cell appears under its name by one rename at the end: an error or a crash
    leaves the old cell, or none, and what it left behind is cleared by the next run.

    Parameters
    ----------
    cell_id : str
        Of the catalogue.
    sources : Sources
    root : Path
        Dataset root; the cell goes to ``root/cell_id``.
    options : BuildOptions, optional
    n_threads : int, optional
        The bytes that are written do not depend on it.
    force : bool
        Build even if the cell is there, up to date or not; it is replaced at the end.
    progress : Progress, optional

    Returns
    -------
    BuildResult

    Raises
    ------
    Spe1Error
        Of the class that names the trouble; see `spe1_builder.errors`.
    """
    started = time.monotonic()
    get_cell(cell_id)
    options, progress = options or BuildOptions(), progress or Silent()
    n_threads = default_threads() if n_threads is None else n_threads
    if n_threads < 1:
        raise OptionError(
            "There is no work without a thread.",
            where="n_threads",
            expected="1 or more",
            got=n_threads,
            do="leave n_threads (--threads) out to use every processor",
        )
    with translated_os_errors(Path(root)):
        inputs = read_inputs(cell_id, sources, options)
    layout = prepare_root(root)
    with locked(layout, cell_id):
        with translated_os_errors(layout.root):
            check_side_files(layout, sources.chan_map_path, sources.summary_path)
            clear_leftovers(layout, cell_id)

        def list_cell(is_there: bool) -> None:
            with locked(layout, "card", wait_s=_CARD_WAIT_S):
                write_card(layout.root, without=None if is_there else cell_id)

        def identity(progress: Progress | None = None) -> Identity:
            with translated_os_errors(layout.root):
                return identify(layout, cell_id, inputs, sources, options, progress or Silent())

        status = "up to date"
        if not is_current(layout.cell(cell_id), lambda: identity(progress), options, force):
            _tell_size(layout, cell_id, inputs, progress)
            with growing_cell(layout, cell_id, list_cell) as folder:
                _fill(folder, cell_id, inputs, options, identity, n_threads, progress)
            status = "built"
        with locked(layout, "card", wait_s=_CARD_WAIT_S), translated_os_errors(layout.root):
            mirror_side_files(layout, sources.chan_map_path, sources.summary_path)
            write_card(layout.root)
        for old in clear_leftovers(layout, cell_id):
            progress.note(f"the old cell is still in use, and stays at {old} until the next run")
    folder = layout.cell(cell_id)
    metadata = read_model(folder / METADATA_NAME, ConversionMetadata)
    return BuildResult(cell_id, folder, status, metadata, time.monotonic() - started)


def _tell_size(layout: RootLayout, cell_id: str, inputs: Inputs, progress: Progress) -> None:
    """Check the room for the cell and say its size before the work begins."""
    window = inputs.window
    # float32 traces; of each patch sample a float32 value and a float64 time.
    n_patch = int(window.n_samples / NPX_RATE_HZ * inputs.raw.patch_rate_hz)
    n_bytes = 4 * N_CHANNELS * window.n_samples + 12 * n_patch
    do = "free some room, choose another root, or build a shorter window (duration_s)"
    free = require_space(layout.root, n_bytes, cell_id, do=do)
    progress.note(
        f"writes {n_bytes / 1e9:.2f} GB to {layout.root.resolve()} ({free / 1e9:.0f} GB free)"
    )


def _fill(
    folder: Path,
    cell_id: str,
    inputs: Inputs,
    options: BuildOptions,
    identity: Callable[[Progress], Identity],
    n_threads: int,
    progress: Progress,
) -> None:
    """Write every file of the cell, the metadata last.

    What the rows do not wait for runs beside them: the hashes of the raw files, the
    bad channels, the agreement of the two spike sources.
    """
    raw, window = inputs.raw, inputs.window
    with stage(progress, "ground truth", 1, "trace"):
        ground_truth = find_ground_truth(raw, inputs.patch_type, options.spike_source)
    if ground_truth.source == "detect" and options.spike_source == "auto":
        progress.note("has no wc_spike_samples.npy: spikes are detected on the patch trace")
    spikes = ground_truth.in_window(window.start, window.stop)
    sums = SpikeSums(spikes, window.n_samples, options.n_before, options.n_after)
    stoppable = Stoppable()
    with ThreadPoolExecutor(2) as beside:
        try:
            # The longest first: it reads the whole recording.
            known = beside.submit(identity, stoppable)
            # The first time on a machine, this compiles for a second or two.
            preprocessor = make_preprocessor(raw, options.engine)
            bad = beside.submit(
                _find_bad_channels, inputs, options, preprocessor, n_threads, stoppable
            )
            agreement = beside.submit(
                find_agreement, raw, inputs.patch_type, ground_truth, stoppable
            )
            drawing = beside.submit(load_drawing)

            def check() -> None:
                for task in (bad, agreement, known, drawing):
                    if task.done():
                        task.result()

            segments, peak_channel = write_segments(
                folder,
                window,
                preprocessor,
                spikes,
                sums,
                lambda start, stop: raw.read_counts(window.start + start, window.start + stop),
                lambda: bad.result().all,
                check,
                n_threads=n_threads,
                progress=progress,
            )
            found = Findings(
                cell_id=cell_id,
                options=options,
                window=window,
                patch_type=inputs.patch_type,
                patch_rate_hz=raw.patch_rate_hz,
                ground_truth=ground_truth,
                agreement=agreement.result(),
                bad=bad.result(),
                peak_channel=peak_channel,
                gt_channel=inputs.gt_channel,
                positions_um=inputs.positions_um,
                segments=segments,
                raw_files=known.result().raw_files,
                fingerprint=known.result().fingerprint,
                simulated=inputs.simulated,
            )
        except BaseException:
            stoppable.stop()
            beside.shutdown(wait=True, cancel_futures=True)
            raise
    with stage(progress, "side files", 1, "cell"):
        _write_side_files(folder, found, raw, spikes)


def _find_bad_channels(
    inputs: Inputs,
    options: BuildOptions,
    preprocessor: Preprocessor,
    n_threads: int,
    progress: Progress,
) -> BadChannels:
    window = inputs.window
    return detect_bad_channels(
        # Before the median reference: after it, nearly every channel looks bad.
        lambda start, stop: preprocessor.read(
            window.start + start, window.start + stop, subtract_median=False
        ),
        window.n_samples,
        inputs.positions_um,
        DetectionOptions(n_chunks=options.bad_channel_chunks, seed=options.bad_channel_seed),
        # A short recording waits for nothing else; more than two would only cost memory.
        n_threads=min(n_threads, 2),
        progress=progress,
    )


def _write_side_files(folder: Path, found: Findings, raw: RawCell, spikes: np.ndarray) -> None:
    window = found.window
    info = dataset_info(found)
    for writer in found.segments.writers.values():
        writer.write_side_files(info, found.fingerprint)
    write_json(folder / DATASET_DICT_NAME, {"splits": list(SPLITS)})
    write_templates(folder, found.template, found.positions_um)
    patch = patch_window(raw, window.start, window.stop)
    write_patch(folder, found.cell_id, patch, found.patch_type, spikes)
    quartiles = found.segments.train_histogram.quartiles()
    write_stats(folder, quartiles, found.segments.writers["train"].shards)
    look = Quicklook(
        cell_id=found.cell_id,
        patch_type=found.patch_type,
        window=patch,
        spikes=spikes,
        template=found.template,
        positions_um=found.positions_um,
        peak_channel=found.peak_channel,
        gt_channel=found.gt_channel,
        bad_channels=tuple(found.bad.all),
        simulated=found.simulated,
    )
    draw_quicklook(folder / QUICKLOOK_NAME, look)
    metadata = make_metadata(folder, found)
    write_json(folder / METADATA_NAME, metadata.model_dump(mode="json"))
