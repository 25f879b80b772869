"""Every file of a growing cell: the rows in one pass, the rest beside and after them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from spe1_builder.compiled import compile_first
from spe1_builder.constants import FAST_ENGINE
from spe1_builder.dataset import sidecars
from spe1_builder.dataset.json_text import json_text
from spe1_builder.dataset.metadata import CellWarning
from spe1_builder.dataset.plan.cell import CellPlan
from spe1_builder.dataset.plan.inputs import InputIdentity
from spe1_builder.dataset.rows.stream import write_segments
from spe1_builder.dataset.sidecars.facts import CellFacts
from spe1_builder.dataset.sidecars.quicklook import load_drawing
from spe1_builder.dataset.warnings import require_no_warning
from spe1_builder.dataset.write.doubts import find_warnings
from spe1_builder.dataset.write.record import dataset_info, make_metadata
from spe1_builder.layout import DATASET_DICT_NAME, METADATA_NAME, SPLITS, shard_mark
from spe1_builder.progress import Progress, Stoppable, stage
from spe1_builder.signal.bad_channels.detect import BadChannels, detect_bad_channels
from spe1_builder.signal.bad_channels.options import DetectionOptions
from spe1_builder.signal.bandpass.preprocess import Preprocessor, make_preprocessor
from spe1_builder.source.recording.patch_checks import PatchFindings, hold_to_patch


def fill_cell(
    folder: Path,
    plan: CellPlan,
    identify: Callable[[Progress], InputIdentity],
    n_threads: int,
    progress: Progress,
    strict: bool = False,
) -> None:
    """Write every file of the cell, the metadata last.

    Parameters
    ----------
    folder : Path
        Empty.
    plan : CellPlan
    identify : callable
        Hashes the raw files.
    n_threads : int
    progress : Progress
    strict : bool
        What would be a warning is an error.

    Raises
    ------
    DoubtfulDataError
        There is a warning, and ``strict``.
    """
    with _Tasks(identify) as beside:
        engine = plan.options.engine
        if engine == FAST_ENGINE:
            compile_first(progress, "bandpass", lambda: make_preprocessor(plan.raw, engine))
        preprocessor = make_preprocessor(plan.raw, engine)
        beside.begin(plan, preprocessor, n_threads)
        segments = write_segments(
            folder, plan, preprocessor, beside, n_threads=n_threads, progress=progress
        )
        with stage(progress, "hashes, bad channels, patch", 1, "cell"):
            patch = beside.patch()
            facts = CellFacts(plan, beside.identity(), patch.agreement, beside.bad(), segments)
    warnings = find_warnings(facts, patch)
    if strict:
        require_no_warning(plan.cell_id, warnings)
    with stage(progress, "sidecars", 1, "cell"):
        _write_rest(folder, facts, warnings)


class _Tasks:
    """What the rows do not wait for: the raw files' hashes, bad channels, the patch trace.

    As a context: left by an exception, it stops them and waits for their end.
    """

    def __init__(self, identify: Callable[[Progress], InputIdentity]):
        self._stoppable = Stoppable()
        self._pool = ThreadPoolExecutor(2)
        # The longest first: it reads the whole recording.
        self._identity = self._pool.submit(identify, self._stoppable)

    def begin(self, plan: CellPlan, preprocessor: Preprocessor, n_threads: int) -> None:
        """Start what needs the preprocessor, and the rest."""
        self._bad = self._pool.submit(
            _find_bad_channels, plan, preprocessor, n_threads, self._stoppable
        )
        self._patch = self._pool.submit(
            hold_to_patch, plan.raw, plan.inputs.patch_type, plan.ground_truth, self._stoppable
        )
        self._drawing = self._pool.submit(load_drawing)

    def check(self) -> None:
        """Raise if one of them has failed."""
        for task in (self._bad, self._patch, self._identity, self._drawing):
            if task.done():
                task.result()

    def identity(self) -> InputIdentity:
        return self._identity.result()

    def bad(self) -> BadChannels:
        return self._bad.result()

    def bad_channels(self) -> tuple[int, ...]:
        return self.bad().all

    def patch(self) -> PatchFindings:
        return self._patch.result()

    def __enter__(self) -> _Tasks:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self._stoppable.stop()
        self._pool.shutdown(wait=True, cancel_futures=error is not None)


def _find_bad_channels(
    plan: CellPlan, preprocessor: Preprocessor, n_threads: int, progress: Progress
) -> BadChannels:
    window, options = plan.window, plan.options
    return detect_bad_channels(
        # Before the median reference: after it, nearly every channel looks bad.
        lambda start, stop: preprocessor.read(
            window.start + start, window.start + stop, subtract_median=False
        ),
        window.n_samples,
        plan.positions_um,
        DetectionOptions(n_chunks=options.bad_channel_chunks, seed=options.bad_channel_seed),
        # A short recording waits for nothing else; more than two would only cost memory.
        n_threads=min(n_threads, 2),
        progress=progress,
    )


def _write_rest(folder: Path, facts: CellFacts, warnings: list[CellWarning]) -> None:
    """What makes the rows load, the sidecars, and the metadata that lists and hashes it all.

    ``dataset_dict.json`` comes last: without it nothing loads the folder.
    """
    fingerprint = facts.identity.fingerprint
    for writer in facts.segments.writers.values():
        writer.mark(shard_mark(fingerprint))
    info = dataset_info(facts)
    for writer in facts.segments.writers.values():
        writer.write_loader_files(info, fingerprint)
    for sidecar in sidecars.SIDECARS:
        sidecar.write(folder / sidecar.name, facts)
    dataset_dict = json_text({"splits": list(SPLITS)})
    to_come = {DATASET_DICT_NAME: dataset_dict.encode()}
    metadata = make_metadata(folder, facts, warnings, to_come)
    (folder / METADATA_NAME).write_text(metadata.sealed_text(), encoding="utf-8")
    (folder / DATASET_DICT_NAME).write_text(dataset_dict, encoding="utf-8")
