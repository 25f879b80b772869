"""Killed at any moment: never a loadable half cell, and the next run completes."""

import errno
import json
import os
import random
import shutil
import stat
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spe1_builder.dataset.metadata import ConversionMetadata, read_model
from spe1_builder.dataset.rows import stream
from spe1_builder.dataset.verify import verify
from spe1_builder.dataset.write import transaction
from spe1_builder.dataset.write.build import build_cell
from spe1_builder.dataset.write.root import prepare_root
from spe1_builder.errors import BusyError, MissingFileError
from spe1_builder.layout import RootLayout
from spe1_builder.reading.arrays import load, segment_uV
from tests.support.killed import Builder
from tests.support.recordings import SMALL

#: `make test-faults` raises it to 200.
N_KILLS = int(os.environ.get("SPE1_KILLS", "5"))


def assert_whole_or_absent(root: Path) -> None:
    """Whatever is there under its real name is complete, and loads as such or not at all."""
    folder = root / "c14"
    if not folder.exists():
        with pytest.raises(MissingFileError):
            load("c14", root)
        return
    metadata = read_model(folder / "conversion_metadata.json", ConversionMetadata)
    for file in metadata.files:
        assert (folder / file.path).stat().st_size == file.size
    splits = load("c14", root)
    assert [len(split) for split in splits.values()] == [
        metadata.splits[name].rows for name in ("train", "test")
    ]
    assert splits["test"].with_format("arrow")[-1]["cp"] is not None


def test_killed_at_random_moments(archive, tmp_path):
    """SIGKILL again and again; after each, what is there is whole, and a plain run completes it."""
    rng = random.Random(0)
    root = tmp_path / "spe1"
    n_cut, n_first = 0, 0
    with Builder(archive.raw_dir, root) as builder:
        for i in range(N_KILLS):
            if i % 2:
                shutil.rmtree(root, ignore_errors=True)  # half of the kills meet a first build
            builder.build_and_die(after_s=rng.uniform(0.1, 2.0))
            was_cut = (root / ".spe1/staging/c14").exists()
            n_cut += was_cut
            n_first += was_cut and not (root / "c14").exists()
            assert_whole_or_absent(root)
            build_cell("c14", archive.sources, root, SMALL)
            assert verify(root).ok
    # The kills did cut builds short, first ones and repeated ones.
    assert n_cut >= N_KILLS // 4 and 0 < n_first < n_cut
    assert sorted(p.name for p in root.iterdir() if p.is_dir()) == [".spe1", "c14", "views"]


@pytest.mark.parametrize("can_exchange", [True, False])
@pytest.mark.parametrize("moment", ["rename", "rmtree"])
def test_stopped_while_the_old_cell_is_replaced(
    archive, built, tmp_path, monkeypatch, can_exchange, moment
):
    """Between any two steps of the swap there is a whole cell, there or for the next run."""
    root = tmp_path / "spe1"
    shutil.copytree(built.folder.parent, root)
    if not can_exchange:
        monkeypatch.setattr(transaction, "_exchange", lambda first, second: False)

    class Stopped(BaseException):
        pass

    def stop(*args, **kwargs):
        raise Stopped

    real_rename = Path.rename

    def rename(self, target):
        if self.parent.name == "staging":
            raise Stopped
        return real_rename(self, target)

    options = replace(SMALL, ms_after=3.0)
    with monkeypatch.context() as patch:
        # Removing leftovers is what a killed process does not do any more.
        is_late = moment == "rmtree"
        patch.setattr(transaction.shutil, "rmtree", stop if is_late else lambda *a, **k: None)
        if moment == "rename":
            patch.setattr(Path, "rename", rename)
        with pytest.raises(Stopped):
            build_cell("c14", archive.sources, root, options, force=True)
    if (root / "c14").exists():
        assert_whole_or_absent(root)
    else:
        assert not can_exchange and list(root.glob(".spe1/retired/c14/*"))
    build_cell("c14", archive.sources, root, options, force=True)
    assert verify(root).ok


def test_no_card_names_the_old_cell_while_the_new_one_is_there(
    archive, built, tmp_path, monkeypatch
):
    """Stopped between rename and card, ``load_dataset`` must not cache rows under the old name."""
    from datasets import load_dataset

    from spe1_builder.dataset.write import build

    root, cache = tmp_path / "spe1", str(tmp_path / "cache")
    shutil.copytree(built.folder.parent, root)

    class Stopped(BaseException):
        pass

    def stop(*args, **kwargs):
        raise Stopped

    options = replace(SMALL, skip_seconds=0.3)
    with monkeypatch.context() as patch:
        patch.setattr(build, "mirror_shared_files", stop)
        with pytest.raises(Stopped):
            build_cell("c14", archive.sources, root, options, force=True)
    assert (
        read_model(root / "c14/conversion_metadata.json", ConversionMetadata).provenance.options[
            "skip_seconds"
        ]
        == 0.3
    )
    with pytest.raises(ValueError, match="c14"):
        load_dataset(str(root), name="c14", cache_dir=cache)
    build_cell("c14", archive.sources, root, SMALL, force=True)
    loaded = load_dataset(str(root), name="c14", cache_dir=cache)
    for name, split in load("c14", root).items():
        for i in range(len(split)):
            assert np.array_equal(segment_uV(loaded[name], i), segment_uV(split, i))


def test_old_cell_that_cannot_be_removed_stops_nothing(archive, built, tmp_path, monkeypatch):
    """A reader on a network disk keeps its files; the new cell is there all the same."""
    root = tmp_path / "spe1"
    shutil.copytree(built.folder.parent, root)
    real_rmtree = shutil.rmtree

    def busy(path, *args, **kwargs):
        if "retired" in str(path):
            raise OSError(errno.EBUSY, "Device or resource busy", str(path))
        real_rmtree(path, *args, **kwargs)

    options = replace(SMALL, ms_after=3.0)
    with monkeypatch.context() as patch:
        patch.setattr(transaction.shutil, "rmtree", busy)
        for _ in range(2):
            assert build_cell("c14", archive.sources, root, options, force=True).status == "built"
        assert len(list(root.glob(".spe1/retired/c14/*"))) == 2
        assert load("c14", root)["train"].num_rows == 4
    build_cell("c14", archive.sources, root, options)
    assert verify(root).ok


def test_disk_that_cannot_sync_a_folder(archive, tmp_path, monkeypatch):
    real_fsync = os.fsync

    def fsync(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        real_fsync(descriptor)

    monkeypatch.setattr(transaction.os, "fsync", fsync)
    assert build_cell("c14", archive.sources, tmp_path / "spe1", SMALL).status == "built"


def test_failure_keeps_the_old_cell(archive, built, tmp_path, monkeypatch):
    root = tmp_path / "spe1"
    shutil.copytree(built.folder.parent, root)
    from spe1_builder.dataset.write import fill

    def fail(*args, **kwargs):
        raise RuntimeError("at the very end")

    monkeypatch.setattr(fill, "make_metadata", fail)
    with pytest.raises(RuntimeError):
        build_cell("c14", archive.sources, root, replace(SMALL, ms_after=3.0), force=True)
    assert verify(root).ok
    assert not (root / ".spe1/staging/c14").exists()


def test_interrupt_leaves_nothing(archive, tmp_path, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(stream.SplitWriter, "write", interrupt)
    with pytest.raises(KeyboardInterrupt):
        build_cell("c14", archive.sources, tmp_path / "spe1", SMALL)
    assert [p.name for p in (tmp_path / "spe1").iterdir()] == [".spe1"]


def test_two_builds_of_one_cell_do_not_collide(archive, tmp_path):
    layout = prepare_root(tmp_path / "spe1")
    with (
        transaction.locked(layout, "c14"),
        pytest.raises(BusyError, match="Another process is working on c14"),
    ):
        build_cell("c14", archive.sources, tmp_path / "spe1", SMALL)
    assert not layout.cell("c14").exists()
    build_cell("c14", archive.sources, tmp_path / "spe1", SMALL)


def test_damaged_hash_cache_costs_time_only(archive, built, tmp_path):
    root = tmp_path / "spe1"
    shutil.copytree(built.folder.parent, root)
    cache = RootLayout(root).private / "c14.hashes.json"
    for text in ("", "[]", "{", json.dumps({"x": 1})):
        cache.write_text(text)
        assert build_cell("c14", archive.sources, root, SMALL).status == "up to date"


def test_failure_beside_the_rows_ends_the_build_at_once(archive, tmp_path, monkeypatch):
    """Not after a night of writing; and what else runs beside ends with it."""
    from spe1_builder.dataset.write import fill

    def fail(*args, **kwargs):
        raise RuntimeError("bad channels")

    written = []
    real_write = stream.SplitWriter.write

    def write(self, *args):
        written.append(self)
        time.sleep(0.05)
        real_write(self, *args)

    monkeypatch.setattr(fill, "detect_bad_channels", fail)
    monkeypatch.setattr(stream.SplitWriter, "write", write)
    options = replace(SMALL, segment_duration_s=0.02)  # 40 batches
    n_threads_before = threading.active_count()
    with pytest.raises(RuntimeError, match="bad channels"):
        build_cell("c14", archive.sources, tmp_path / "spe1", options)
    assert len(written) < 20
    assert [p.name for p in (tmp_path / "spe1").iterdir()] == [".spe1"]
    assert threading.active_count() == n_threads_before


def test_what_runs_beside_stops_with_the_build(archive, tmp_path, monkeypatch):
    """Ctrl-C does not wait for the hash of a file of 37 GB."""
    from spe1_builder.dataset.plan import fingerprint as identity

    hashed = []

    def endless(self, path, progress):
        for i in range(600):
            hashed.append(i)
            progress.advance(1)
            time.sleep(0.05)
        return "0" * 64

    def interrupt(*args):
        time.sleep(1.0)
        raise KeyboardInterrupt

    monkeypatch.setattr(identity.HashCache, "hash", endless)
    monkeypatch.setattr(stream.SplitWriter, "write", interrupt)
    n_threads_before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        build_cell("c14", archive.sources, tmp_path / "spe1", SMALL)
    assert len(hashed) < 300
    assert threading.active_count() == n_threads_before
