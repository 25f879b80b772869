"""Stopped between any two steps of writing the views, what the card names can be loaded."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from datasets import load_dataset

from spe1_builder.dataset.card.root_files import write_card
from spe1_builder.dataset.verify import verify
from spe1_builder.dataset.write.build import build_cell
from tests.support.recordings import SMALL


class Stopped(BaseException):
    """What a process that is killed does not handle either."""


@pytest.fixture
def root(archive, built, tmp_path):
    """The views and the card of one build, the cell of another."""
    root, other = tmp_path / "spe1", tmp_path / "other"
    build_cell("c14", archive.sources, other, replace(SMALL, skip_seconds=0.3))
    shutil.copytree(built.folder.parent, root, ignore=shutil.ignore_patterns("c14"))
    (other / "c14").rename(root / "c14")
    yield root
    shutil.rmtree(tmp_path)


def state(root: Path, cache: Path) -> list:
    """What each view has of the cell."""
    by_name = {
        name: load_dataset(str(root), name=name, cache_dir=str(cache))
        for name in ("cells", "spikes")
    }
    (fingerprint,) = by_name["cells"]["train"]["fingerprint"]
    return [fingerprint, [split["time_s"][:] for split in by_name["spikes"].values()]]


def stop_after(patch: pytest.MonkeyPatch, n_steps: int) -> list[str]:
    """Every rename and every removal is a step; the list has those that were done."""
    done = []

    def stopping(name, real):
        def step(self, *args, **kwargs):
            if len(done) == n_steps:
                raise Stopped
            done.append(f"{name} {self.name}")
            return real(self, *args, **kwargs)

        return step

    for name in ("replace", "unlink"):
        patch.setattr(Path, name, stopping(name, getattr(Path, name)))
    return done


def test_stopped_at_every_step(root, tmp_path, monkeypatch):
    """First what the old card names, then what the new one does; the next run completes it."""
    states, n_steps, is_stopped = [], 0, True
    while is_stopped:
        copy = tmp_path / str(n_steps) / "spe1"
        shutil.copytree(root, copy, copy_function=os.link)
        with monkeypatch.context() as patch:
            done = stop_after(patch, n_steps)
            try:
                write_card(copy)
                is_stopped = False
            except Stopped:
                assert len(done) == n_steps
        states.append(state(copy, tmp_path / "cache"))
        if n_steps % 7 == 0:
            write_card(copy)
            assert verify(copy).ok
        shutil.rmtree(copy.parent)
        n_steps += 1
    old, new = states[0], states[-1]
    changes = [i for i in range(1, n_steps) if states[i] != states[i - 1]]
    assert old != new and len(changes) == 1
    # Files of views came before the new card, and went after it.
    before, after = done[: changes[0]], done[changes[0] :]
    assert sum(step.startswith("replace data-") for step in before) == 4
    assert before[-1] == "replace README.md.incomplete"
    assert sum(step.startswith("unlink data-") and step.endswith(".arrow") for step in after) == 4
