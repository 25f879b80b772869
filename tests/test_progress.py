"""What a person sees of long work, in a terminal and outside one."""

import io
import sys

from spe1_builder.progress import Bars, stage


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


def test_notes_are_shown_without_a_terminal_and_bars_are_not(capsys):
    bars = Bars("c14")
    bars.note("writes 1.40 GB")
    with stage(bars, "bad channels", 3, "chunks"):
        bars.advance(3)
    assert capsys.readouterr() == ("", "c14 writes 1.40 GB\n")


def test_counts_have_their_unit(monkeypatch):
    text = drawn_at_start(monkeypatch, "c14", "bad channels", 100, "chunks")
    assert text.startswith("c14 bad channels:") and " 0/100 chunks [" in text


def test_bytes_are_scaled(monkeypatch):
    text = drawn_at_start(monkeypatch, "", "simulate", 2_000_000_000, "B")
    assert text.startswith("simulate:") and "0.00/2.00G" in text


def test_a_single_step_has_no_counter(monkeypatch):
    text = drawn_at_start(monkeypatch, "c14", "ground truth", 1, "trace")
    assert text == "c14 ground truth ..."
