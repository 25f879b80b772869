"""Killed at any moment: never a loadable half cell, and the next run completes."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from builder.dataset import transaction
from builder.dataset.build import build_cell
from builder.dataset.metadata import ConversionMetadata, read_model
from builder.dataset.verify import verify_root
from builder.errors import BusyError
from builder.layout import RootLayout
from builder.reading.arrays import load
from tests.recordings import SMALL

PROJECT = Path(__file__).parents[2]
N_KILLS = 20

#: Builds over and over, now with one option and now with the other, until killed.
BUILDER = """
import sys
from dataclasses import replace
from pathlib import Path
from builder.dataset.build import build_cell
from builder.dataset.inputs import Sources
from tests.recordings import SMALL

raw_dir, root = map(Path, sys.argv[1:3])
print("ready", flush=True)
for i in range(1000):
    ms_after = 2.0 + i % 2
    build_cell("c14", Sources(raw_dir), root, replace(SMALL, ms_after=ms_after), force=True)
    print("built", flush=True)
"""


def assert_whole_or_absent(root: Path) -> bool:
    """Whatever is there under its real name is complete; returns whether it is there."""
    folder = root / "c14"
    if not folder.exists():
        return False
    metadata = read_model(folder / "conversion_metadata.json", ConversionMetadata)
    for file in metadata.files:
        assert (folder / file.path).stat().st_size == file.size
    splits = load("c14", root)
    assert [len(split) for split in splits.values()] == [
        metadata.splits[name].rows for name in ("train", "test")
    ]
    assert splits["test"].with_format("arrow")[-1]["cp"] is not None
    return True


def test_killed_at_random_moments(archive, tmp_path):
    """20 times SIGKILL, between the first byte and after the rename."""
    rng = random.Random(0)
    root = tmp_path / "spe1"
    n_there = 0
    for i in range(N_KILLS):
        process = subprocess.Popen(
            [sys.executable, "-c", BUILDER, str(archive.raw_dir), str(root)],
            stdout=subprocess.PIPE,
            cwd=PROJECT,
            text=True,
        )
        assert process.stdout.readline().strip() == "ready"
        # A build takes one to three seconds here; the kills spread over two of them.
        time.sleep(rng.uniform(0.05, 3.0))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        n_there += assert_whole_or_absent(root)
        if i == N_KILLS // 2:
            shutil.rmtree(root, ignore_errors=True)  # also the first build, once more
    assert n_there > 0
    build_cell("c14", archive.sources, root, SMALL, force=True)
    assert verify_root(root) == []
    assert sorted(p.name for p in root.iterdir() if p.is_dir()) == [".spe1", "c14"]


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
        if self.name == "c14.incomplete":
            raise Stopped
        return real_rename(self, target)

    options = replace(SMALL, ms_after=3.0)
    with monkeypatch.context() as patch:
        # Removing leftovers is what a killed process does not do any more.
        patch.setattr(
            transaction.shutil, "rmtree", stop if moment == "rmtree" else lambda *a, **k: 0
        )
        if moment == "rename":
            patch.setattr(Path, "rename", rename)
        with pytest.raises(Stopped):
            build_cell("c14", archive.sources, root, options, force=True)
    if (root / "c14").exists():
        assert_whole_or_absent(root)
    else:
        assert not can_exchange and (root / "c14.replaced").exists()
    build_cell("c14", archive.sources, root, options, force=True)
    assert verify_root(root) == []


def test_failure_keeps_the_old_cell(archive, built, tmp_path, monkeypatch):
    root = tmp_path / "spe1"
    shutil.copytree(built.folder.parent, root)
    from builder.dataset import build

    def fail(*args, **kwargs):
        raise RuntimeError("at the very end")

    monkeypatch.setattr(build, "make_metadata", fail)
    with pytest.raises(RuntimeError):
        build_cell("c14", archive.sources, root, replace(SMALL, ms_after=3.0), force=True)
    assert verify_root(root) == []
    assert not (root / "c14.incomplete").exists()


def test_interrupt_leaves_nothing(archive, tmp_path, monkeypatch):
    from builder.dataset import stream

    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(stream, "make_batch", interrupt)
    with pytest.raises(KeyboardInterrupt):
        build_cell("c14", archive.sources, tmp_path / "spe1", SMALL)
    assert [p.name for p in (tmp_path / "spe1").iterdir()] == [".spe1"]


def test_two_builds_of_one_cell_do_not_collide(archive, tmp_path):
    layout = transaction.prepare_root(tmp_path / "spe1")
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
