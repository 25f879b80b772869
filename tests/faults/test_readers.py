"""A rebuild under a reader: rows of one build or of the other, or an error; never of both."""

import os
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from datasets import load_dataset, load_from_disk
from datasets.exceptions import DatasetGenerationError

import spe1
from spe1_builder.dataset.card.root_files import write_card
from spe1_builder.dataset.metadata import ConversionMetadata, read_model
from spe1_builder.dataset.verify import verify
from spe1_builder.dataset.write.build import build_cell
from spe1_builder.errors import BusyError, Spe1Error
from tests.support.recordings import SMALL

#: Rebuilds under each reader; `make test-faults` raises it.
N_REBUILDS = int(os.environ.get("SPE1_REBUILDS", "1"))
#: Two builds that every row tells apart: they begin at other samples.
BUILDS = (SMALL, replace(SMALL, skip_seconds=0.3))


@pytest.fixture(scope="module")
def cells(archive, tmp_path_factory) -> list[Path]:
    """Both builds, each in a root of its own."""
    folder = tmp_path_factory.mktemp("builds")
    roots = [folder / str(i) / "spe1" for i in range(len(BUILDS))]
    for root, options in zip(roots, BUILDS, strict=True):
        build_cell("c14", archive.sources, root, options)
    yield [root / "c14" for root in roots]
    shutil.rmtree(folder)


def first_values(splits) -> tuple[bytes, bytes]:
    """What tells the build of each split."""
    return tuple(spe1.segment_uV(splits[name], 0)[:, :50].tobytes() for name in ("train", "test"))


def by_load_dataset(root, cache):
    return first_values(load_dataset(str(root), name="c14", cache_dir=str(cache)))


def by_spe1_load(root, cache):
    return first_values(spe1.load("c14", root=root))


def by_builder(root, cache):
    builder = spe1.Spe1(config_name="c14", root=root, cache_dir=str(cache))
    builder.download_and_prepare()
    return first_values(builder.as_dataset())


def by_traces(root, cache):
    """The cell by its path, opened lazily: the first window of train, and that of test."""
    traces = spe1.CellTraces(root / "c14")
    starts = [0, len(spe1.load("c14", root=root)["train"]) * 9_300]
    return tuple(traces.read_uV(start, start + 50).tobytes() for start in starts)


#: Each opens a root, and gives what it read of train and of test.
READERS = {
    "load_dataset": by_load_dataset,
    "spe1.load": by_spe1_load,
    "Spe1": by_builder,
    "CellTraces": by_traces,
}


class Rebuilder:
    """Puts the two builds into a root in turn, by the transaction itself, until told to stop."""

    def __init__(self, root: Path, cells: list[Path]):
        from spe1_builder.dataset.write.transaction import clear_leftovers, growing_cell, locked
        from spe1_builder.layout import RootLayout

        self.layout, self.n = RootLayout(root), 0
        self._cells, self._is_over = cells, threading.Event()
        self._growing, self._locked, self._clear = growing_cell, locked, clear_leftovers
        self._thread = threading.Thread(target=self._run)

    def swap(self) -> None:
        source = self._cells[(self.n + 1) % 2]

        def list_cell(is_there: bool) -> None:
            write_card(self.layout.root, without=None if is_there else "c14")

        with self._locked(self.layout, "c14"):
            with self._growing(self.layout, "c14", list_cell) as folder:
                shutil.copytree(source, folder, dirs_exist_ok=True)
            write_card(self.layout.root)
            self._clear(self.layout, "c14")
        self.n += 1

    def _run(self) -> None:
        while not self._is_over.is_set():
            self.swap()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *error) -> None:
        self._is_over.set()
        self._thread.join()


@pytest.fixture
def root(cells, tmp_path):
    root = tmp_path / "spe1"
    shutil.copytree(cells[0].parent, root)
    yield root
    shutil.rmtree(root)


@pytest.mark.parametrize("reader", READERS)
def test_no_reader_mixes_two_builds(root, cells, tmp_path, reader):
    whole = {first_values(load_from_disk(str(cell))) for cell in cells}
    assert len(whole) == 2
    seen, n_refused = set(), 0
    with Rebuilder(root, cells) as rebuilder:
        i = 0
        while rebuilder.n < 10 * N_REBUILDS or i < 5:
            i += 1
            try:
                values = READERS[reader](root, tmp_path / "cache")
            except (Spe1Error, DatasetGenerationError, ValueError, OSError):
                n_refused += 1  # it was not there for a moment, and that is said
                continue
            assert values in whole
            seen.add(values)
    # And what is cached now is what lies there.
    mark = read_model(root / "c14/conversion_metadata.json", ConversionMetadata)
    there = cells[0 if mark.provenance.options["skip_seconds"] == 0.2 else 1]
    assert READERS[reader](root, tmp_path / "cache") == first_values(load_from_disk(str(there)))


def spike_times(root, cache) -> tuple[float, ...]:
    splits = load_dataset(str(root), name="spikes", cache_dir=str(cache))
    return tuple(time_s for name in ("train", "test") for time_s in splits[name]["time_s"])


def test_no_reader_mixes_two_builds_in_a_view(root, cells, tmp_path):
    whole = {spike_times(cell.parent, tmp_path / "cache") for cell in cells}
    assert len(whole) == 2
    with Rebuilder(root, cells) as rebuilder:
        while rebuilder.n < 3 * N_REBUILDS:
            try:
                times_s = spike_times(root, tmp_path / "cache")
            except (DatasetGenerationError, ValueError, OSError):
                continue  # it was not there for a moment, and that is said
            assert times_s in whole
    assert verify(root).ok


def test_a_benchmark_scores_one_build(root, cells):
    """What it says of a cell is that of the build whose fingerprint it names, or a problem."""
    from spe1_builder.benchmark.localization.options import BenchmarkOptions
    from spe1_builder.benchmark.localization.run import run_benchmark

    options = BenchmarkOptions(methods=("COM",), with_spikes=True)
    known = {}
    for cell in cells:
        (result,) = run_benchmark(cell.parent, ["c14"], options).cells
        known[result.fingerprint] = [score.estimate_um for score in result.scores]
    assert len(known) == 2
    with Rebuilder(root, cells) as rebuilder:
        while rebuilder.n < 5 * N_REBUILDS:
            try:
                (result,) = run_benchmark(root, ["c14"], options).cells
            except Spe1Error:
                continue  # not one cell could be scored
            # A part that could not be had at this moment is left out, with a note.
            found = [score.estimate_um for score in result.scores]
            assert found == known[result.fingerprint] or result.notes


def test_verify_says_that_a_build_is_running_and_nothing_else(root, cells):
    with Rebuilder(root, cells) as rebuilder:
        while rebuilder.n < 5 * N_REBUILDS:
            try:
                found = {finding.what for finding in verify(root).findings}
            except BusyError:
                continue
            assert found <= {"left by a build that was interrupted, or is still running"}
    assert verify(root).ok


def test_cards_written_at_once(root):
    """Build, benchmark and `spe1 card` write the card: whole, whoever is last."""
    text = (root / "README.md").read_bytes()
    threads = [threading.Thread(target=write_card, args=(root,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (root / "README.md").read_bytes() == text
    assert verify(root).ok
    assert np.all([not path.name.endswith(".incomplete") for path in root.iterdir()])
