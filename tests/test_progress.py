"""What a person sees of long work, in a terminal and outside one."""

import io
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from spe1_builder import progress
from spe1_builder.progress import Bars, CellsLeft, Style, shown_as, stage, time_text


class Terminal(io.StringIO):
    def isatty(self):
        return True


def drawn_at_start(monkeypatch, label, *stage):
    with monkeypatch.context() as patch:
        # Not in a fixture: pytest puts its own stream back between setup and test.
        patch.setattr(sys, "stderr", Terminal())
        bars = Bars(label)
        bars.start(*stage)
        text = sys.stderr.getvalue().strip()
        bars.finish()
    return text


@pytest.fixture
def clock(monkeypatch):
    """The clock of progress.py, set by hand: ``clock.now += 3``."""
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock.now)
    return clock


def test_without_a_terminal_there_is_a_line_a_stage(capsys, clock):
    bars = Bars("c14")
    bars.note("writes 1.40 GB")
    with stage(bars, "bad channels", 3, "chunks"):
        bars.advance(3)
        clock.now += 2.04
    with stage(bars, "write segments", 1_400_000_000, "B"):
        bars.advance(1_400_000_000)
        clock.now += 65
    with stage(bars, "sidecars", 1, "cell"):
        clock.now += 0.5
    assert capsys.readouterr() == (
        "",
        "c14 writes 1.40 GB\n"
        "c14 bad channels: 3 chunks in 2.0 s\n"
        "c14 write segments: 1,400.0 MB in 65 s\n"
        "c14 sidecars: 0.5 s\n",
    )


def test_a_long_stage_has_lines_on_its_way(capsys, clock):
    bars = Bars()
    with stage(bars, "hash", 100, "B", done=20):
        for _ in range(8):
            clock.now += 10
            bars.advance(10)
    # Of 80 units 30 are done after 30 s: 50 s are left.
    assert capsys.readouterr().err.splitlines() == [
        "hash: 50 % after 30 s, about 50 s left",
        "hash: 80 % after 60 s, about 20 s left",
        "hash: 0.0 MB in 80 s",
    ]


def test_a_stage_that_fails_has_its_line_too(capsys, clock):
    with pytest.raises(ZeroDivisionError), stage(Bars("c14"), "ground truth", 1, "trace"):
        clock.now += 4
        raise ZeroDivisionError
    assert capsys.readouterr().err == "c14 ground truth: 4.0 s\n"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7500, "2 h 5 min"),
    ],
)
def test_times(seconds, text):
    assert time_text(seconds) == text


def test_quiet_shows_nothing(capsys, monkeypatch):
    with shown_as(Style.QUIET):
        bars = Bars("c14")
    bars.note("writes 1.40 GB")
    with stage(bars, "bad channels", 3, "chunks"):
        bars.advance(3)
    assert capsys.readouterr() == ("", "")
    assert drawn_at_start(monkeypatch, "c14", "bad channels", 3, "chunks") != ""  # only within


def test_lines_are_had_in_a_terminal_too(monkeypatch, clock):
    terminal = Terminal()
    with monkeypatch.context() as patch, shown_as(Style.LINES):
        patch.setattr(sys, "stderr", terminal)
        with stage(Bars("c14"), "ground truth", 1, "trace"):
            clock.now += 4
    assert terminal.getvalue() == "c14 ground truth: 4.0 s\n"


def test_several_cells_tell_how_much_is_left(capsys, clock):
    left = CellsLeft(4)
    left.bars("c14")
    clock.now += 60
    left.bars("c15")
    clock.now += 0.2  # it was up to date, and tells nothing of the others
    left.bars("c16")
    clock.now += 30
    left.bars("c19")
    assert capsys.readouterr().err.splitlines() == [
        "c15 is cell 2 of 4, about 3 min left",
        "c16 is cell 3 of 4, about 2 min left",
        "c19 is cell 4 of 4, about 45 s left",
    ]


def test_a_notebook_has_a_real_bar(monkeypatch):
    """Standard error of a kernel is no terminal, and yet it can be drawn on."""
    shell = SimpleNamespace(config={"IPKernelApp": {}})
    monkeypatch.setitem(sys.modules, "ipykernel", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    made = []

    class Bar:
        def __init__(self, **kwargs):
            made.append(kwargs)

        def update(self, amount):
            made.append(amount)

        def close(self):
            made.append("closed")

    monkeypatch.setattr("tqdm.auto.tqdm", Bar)
    bars = Bars("c14")
    with stage(bars, "write segments", 10, "B"):
        bars.advance(4)
    assert made[0]["desc"] == "c14 write segments" and made[0]["disable"] is False
    assert made[1:] == [4, "closed"]
    shell.config.clear()  # IPython in a terminal
    assert not progress._is_notebook()


@pytest.mark.parametrize("is_there", [False, True])
def test_nobody_to_tell_is_no_error(monkeypatch, is_there):
    """Standard error is closed, or cannot be written: the work goes on."""
    with Path(os.devnull).open() as unwritable, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", unwritable if is_there else None)
        bars = Bars("c14")
        bars.note("writes 1.40 GB")
        with stage(bars, "ground truth", 1, "trace"):
            bars.advance(1)


def test_counts_have_their_unit(monkeypatch):
    text = drawn_at_start(monkeypatch, "c14", "bad channels", 100, "chunks")
    assert text.startswith("c14 bad channels:") and " 0/100 chunks [" in text


def test_bytes_are_scaled(monkeypatch):
    text = drawn_at_start(monkeypatch, "", "simulate", 2_000_000_000, "B")
    assert text.startswith("simulate:") and "0.00/2.00G" in text


def test_a_single_step_has_no_counter(monkeypatch):
    text = drawn_at_start(monkeypatch, "c14", "ground truth", 1, "trace")
    assert text == "c14 ground truth ..."
