"""The datasets of `spe1.torch` in workers: the same windows, sent as paths."""

import copy
import gc
import os
import pickle
import shutil
from pathlib import Path

import pytest
import torch
from torch.utils.data import DataLoader, DistributedSampler

from spe1_builder.dataset.write.build import build_cell
from spe1_builder.errors import OutputError
from spe1_builder.reading.torch import RandomWindows, SpikeWindows
from tests.support.recordings import SMALL

pytestmark = [
    # Python 3.12 and later, of torch's own fork beside Arrow's threads.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


def peak_only(item):
    """A transform that spawned workers find."""
    return item.start, item.label, item.window_uV[item.channel]


def all_of(loader) -> list:
    """What a loader gives, window by window."""
    return [
        (cell, start, label, window.sum().item())
        for batch in loader
        for cell, start, label, window in zip(
            batch.cell, batch.start.tolist(), batch.label.tolist(), batch.window_uV, strict=True
        )
    ]


def test_two_workers(two_cells):
    """Each window once, in the order of one process; random ones shared without repeats."""
    spikes = SpikeWindows(["c14", "c5"], two_cells, spike_at=(20, 40), n_nearest=12)
    workers = {"num_workers": 2, "multiprocessing_context": "fork", "batch_size": 8}
    alone = all_of(DataLoader(spikes, batch_size=8))
    assert all_of(DataLoader(spikes, **workers)) == alone
    assert len(set(alone)) == len(spikes)

    windows = RandomWindows(["c14", "c5"], two_cells, n_windows=32, n_samples=300, n_nearest=4)
    loader = DataLoader(windows, persistent_workers=True, **workers)
    passes = []
    for epoch in (0, 1, 0):
        windows.set_epoch(epoch)
        passes.append(all_of(loader))
    assert [len(set(drawn)) for drawn in passes] == [32, 32, 32]
    assert passes[0] == passes[2] and not set(passes[0]) & set(passes[1])


def test_workers_that_stay_see_the_epoch(two_cells):
    windows = SpikeWindows("c14", two_cells, channels=[0], n_background=20)
    loader = DataLoader(windows, batch_size=8, num_workers=2, persistent_workers=True)
    for epoch in (0, 3):
        windows.set_epoch(epoch)
        assert [start for _, start, *_ in all_of(loader)] == windows.starts.tolist()


def test_a_random_sampler_is_torchs_own(two_cells):
    windows = SpikeWindows("c14", two_cells, channels=[0])
    orders = []
    for num_workers in (0, 2):
        loader = DataLoader(
            windows,
            batch_size=4,
            shuffle=True,
            num_workers=num_workers,
            generator=torch.Generator().manual_seed(3),
        )
        orders.append([start for _, start, *_ in all_of(loader)])
    assert orders[0] == orders[1] and sorted(orders[0]) == sorted(windows.starts)


def test_ranks_share_the_windows(two_cells):
    windows = SpikeWindows("c14", two_cells, channels=[0])
    shared = []
    for rank in range(2):
        sampler = DistributedSampler(windows, num_replicas=2, rank=rank, drop_last=True)
        shared += [start for _, start, *_ in all_of(DataLoader(windows, sampler=sampler))]
    assert len(set(shared)) == len(shared) == len(windows) // 2 * 2


def test_ranks_with_workers(two_cells, monkeypatch):
    drawn = []
    for rank in range(2):
        monkeypatch.setenv("RANK", str(rank))
        monkeypatch.setenv("WORLD_SIZE", "2")
        windows = RandomWindows("c14", two_cells, n_windows=24, n_samples=100, channels=[0])
        drawn.append(all_of(DataLoader(windows, batch_size=6, num_workers=2)))
    assert [len(of_rank) for of_rank in drawn] == [12, 12]
    assert len(set(drawn[0] + drawn[1])) == 24


def test_they_pickle_as_paths(two_cells, monkeypatch, tmp_path):
    """A thousand bytes a cell, after use too; relative roots are found from elsewhere."""
    monkeypatch.chdir(two_cells.parent)
    for make in (SpikeWindows, RandomWindows):
        dataset = make(["c14", "c5"], two_cells.name, n_nearest=12)
        first = next(iter(dataset))
        sent = pickle.dumps(dataset)
        assert len(sent) < 2_500
        monkeypatch.chdir(tmp_path)
        again = pickle.loads(sent)
        monkeypatch.chdir(two_cells.parent)
        assert torch.equal(next(iter(again)).window_uV, first.window_uV)
        assert repr(again) == repr(dataset)
        # A copy has an epoch of its own.
        for other in (again, copy.deepcopy(dataset)):
            other.set_epoch(5)
            assert dataset.epoch == 0 and next(iter(dataset)).start == first.start
            assert other.epoch == 5


def test_a_transform_in_spawned_workers(two_cells):
    windows = SpikeWindows("c14", two_cells, n_nearest=12, transform=peak_only)
    loader = DataLoader(windows, batch_size=64, num_workers=1, multiprocessing_context="spawn")
    starts, labels, peaks = next(iter(loader))
    assert starts.tolist() == windows.starts[:64].tolist()
    assert labels.tolist() == windows.labels[:64].tolist()
    assert torch.equal(peaks[0], windows[0][2])


def test_a_cell_that_is_built_anew(archive, built, tmp_path):
    """Windows of two builds never come from one dataset."""
    root = tmp_path / "spe1"
    shutil.copytree(built.folder.parent, root, copy_function=os.link)
    windows = SpikeWindows("c14", root)
    kept, sent = windows[0].window_uV, pickle.dumps(windows)
    other = SMALL.__class__(**SMALL.as_dict() | {"skip_seconds": 0.3})
    build_cell("c14", archive.sources, root, other, force=True)
    with pytest.raises(OutputError, match="built anew"):
        pickle.loads(sent)[0]
    assert torch.equal(windows[0].window_uV, kept)
    shutil.rmtree(tmp_path)


def memory_bytes() -> int:
    """Of this process, without the files that are mapped."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no RssAnon")


def test_memory_stays_flat(two_cells):
    """160 MB of windows leave nothing behind."""
    spikes = SpikeWindows("c14", two_cells, n_samples=600, spike_at=30, background_ratio=2.0)
    random = RandomWindows("c14", two_cells, n_samples=600, n_windows=100)

    def use() -> int:
        total = 0
        for dataset in (spikes, random):
            for batch in DataLoader(dataset, batch_size=4):
                total += batch.window_uV.nbytes
        gc.collect()
        return total

    use()
    before = memory_bytes()
    total = sum(use() for _ in range(2))
    assert total > 100e6
    assert memory_bytes() - before < 20e6


def test_a_window_holds_only_itself(two_cells):
    """Not a view of its segment, all of which would go from a worker to the program."""
    for channels in (None, slice(3, 9), [5, 2]):
        window_uV = SpikeWindows("c14", two_cells, channels=channels)[0].window_uV
        assert window_uV.untyped_storage().nbytes() == window_uV.numel() * 4
