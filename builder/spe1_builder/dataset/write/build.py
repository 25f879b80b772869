"""One cell, from its raw files to its folder in the dataset root: the transaction."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from spe1_builder.cells import get_cell
from spe1_builder.constants import N_CHANNELS, NPX_RATE_HZ
from spe1_builder.dataset.card.root_files import write_card
from spe1_builder.dataset.metadata import ConversionMetadata, read_model
from spe1_builder.dataset.plan.cell import CellPlan
from spe1_builder.dataset.plan.fingerprint import file_state
from spe1_builder.dataset.plan.inputs import (
    InputIdentity,
    Inputs,
    Sources,
    identify,
    input_files,
    read_inputs,
)
from spe1_builder.dataset.plan.options import BuildOptions
from spe1_builder.dataset.plan.window import Window, plan_window
from spe1_builder.dataset.rows.stream import default_threads
from spe1_builder.dataset.warnings import require_no_warning
from spe1_builder.dataset.write.existing import is_current
from spe1_builder.dataset.write.fill import fill_cell
from spe1_builder.dataset.write.root import check_shared_files, mirror_shared_files, prepare_root
from spe1_builder.dataset.write.transaction import clear_leftovers, growing_cell, locked
from spe1_builder.disk.os_errors import translated_os_errors
from spe1_builder.disk.space import require_space
from spe1_builder.errors import OptionError, RawDataError
from spe1_builder.layout import METADATA_NAME, RootLayout
from spe1_builder.origins import origin_mark
from spe1_builder.progress import Progress, Silent, stage
from spe1_builder.source.recording.patch import find_ground_truth


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

    def __repr__(self) -> str:
        data = self.metadata
        kind = origin_mark(data.provenance.kind)
        rows = " + ".join(str(split.rows) for split in data.splits.values())
        return (
            f"<{self.cell_id}{kind} {self.status} in {self.seconds:.1f} s: {rows} rows, "
            f"{data.n_spikes_total} spikes, {len(data.warnings)} warnings, {self.folder}>"
        )


def build_cell(
    cell_id: str,
    sources: Sources,
    root: Path,
    options: BuildOptions | None = None,
    *,
    n_threads: int | None = None,
    force: bool = False,
    strict: bool = False,
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
    strict : bool
        What would be a warning is an error; the cell is not put in place. What is written
        does not depend on it.
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
    if not isinstance(n_threads, int) or isinstance(n_threads, bool) or n_threads < 1:
        raise OptionError(
            "There is no work without a thread.",
            where="n_threads",
            expected="1 or more",
            got=n_threads,
            do="leave n_threads (--threads) out to use every processor",
        )
    with translated_os_errors(Path(root)):
        inputs = read_inputs(cell_id, sources)
        window = plan_window(inputs.raw.n_npx, options)
    layout = prepare_root(root)
    with locked(layout, cell_id) as held:
        with translated_os_errors(layout.root):
            check_shared_files(layout, inputs.shared)
            clear_leftovers(layout, cell_id)

        def list_cell(is_there: bool) -> None:
            write_card(layout.root, without=None if is_there else cell_id)

        def identity(progress: Progress) -> InputIdentity:
            with translated_os_errors(layout.root):
                return identify(layout, inputs, sources, options, progress, is_anew=force)

        status = "up to date"
        if not is_current(layout.cell(cell_id), lambda: identity(progress), options, force):
            _tell_size(layout, inputs, window, progress)
            with (
                growing_cell(layout, cell_id, list_cell) as folder,
                _unchanged(input_files(inputs, sources)),
            ):
                plan = _find_spikes(inputs, options, window, progress)
                fill_cell(folder, plan, identity, n_threads, progress, strict)
                held.require()
            status = "built"
        mirror_shared_files(layout, inputs.shared)
        write_card(layout.root, progress=progress)
        for old in clear_leftovers(layout, cell_id):
            progress.note(f"the old cell is still in use, and stays at {old} until the next run")
    folder = layout.cell(cell_id)
    metadata = read_model(folder / METADATA_NAME, ConversionMetadata)
    if strict:
        require_no_warning(cell_id, metadata.warnings)
    return BuildResult(cell_id, folder, status, metadata, time.monotonic() - started)


@contextmanager
def _unchanged(files: Mapping[str, Path]) -> Iterator[None]:
    """The raw files stay as they are while a cell is built of them.

    Raises
    ------
    RawDataError
        One was written to, or replaced: what was read is not what was hashed.
    """

    def states() -> dict[Path, list[int] | None]:
        return {path: file_state(path) if path.exists() else None for path in files.values()}

    before = states()
    yield
    after = states()
    changed = [path.name for path in before if before[path] != after[path]]
    if changed:
        raise RawDataError(
            "A raw file changed while the cell was built from it.",
            where=next(iter(files.values())).parent,
            expected="the recordings left alone until the build has ended",
            got=f"changed: {', '.join(changed)}",
            do="wait until the copy or download is complete, then build again",
        )


def _tell_size(layout: RootLayout, inputs: Inputs, window: Window, progress: Progress) -> None:
    """Check the room for the cell and say its size before the work begins."""
    # float32 traces; of each patch sample a float32 value and a float64 time.
    n_patch = int(window.n_samples / NPX_RATE_HZ * inputs.raw.patch_rate_hz)
    n_bytes = 4 * N_CHANNELS * window.n_samples + 12 * n_patch
    do = "free some room, choose another root, or build a shorter window (duration_s)"
    free = require_space(layout.root, n_bytes, inputs.raw.cell_id, do=do)
    progress.note(
        f"writes {n_bytes / 1e9:.2f} GB to {layout.root.resolve()} ({free / 1e9:.0f} GB free)"
    )


def _find_spikes(
    inputs: Inputs, options: BuildOptions, window: Window, progress: Progress
) -> CellPlan:
    """The ground truth, which completes the plan; checked to suffice for a template."""
    with stage(progress, "ground truth", 1, "trace"):
        ground_truth = find_ground_truth(inputs.raw, inputs.patch_type, options.spike_source)
    if ground_truth.source == "detect" and options.spike_source == "auto":
        progress.note("has no wc_spike_samples.npy: spikes are detected on the patch trace")
    plan = CellPlan(inputs, options, window, ground_truth)
    plan.new_sums()
    return plan
