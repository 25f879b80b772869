"""Errors: what they show of text that came from outside."""

import pickle
from pathlib import Path

import pytest

from spe1_builder.errors import ListingError, OptionError, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("c14.bin", "c14.bin"),
        ("µV – naïve \U0001f9e0", "µV – naïve \U0001f9e0"),
        ("\x1b]0;owned\x07\x1b[2J", "\\x1b]0;owned\\x07\\x1b[2J"),
        ("a\nspe1: all is well\r", "a\\x0aspe1: all is well\\x0d"),
        ("\x9b31m\x7f", "\\x9b31m\\x7f"),
        ("cod.\u202eexe", "cod.\\u202eexe"),
        ("\udcff\u2028", "\\udcff\\u2028"),
        (Path("a\tb"), "a\\x09b"),
        ("\U000e0001", "\\U000e0001"),
    ],
)
def test_printable(text, shown):
    assert printable(text) == shown
    shown.encode()  # a terminal takes it


def test_errors_show_no_control_characters():
    """In none of their parts; the lines are ours."""
    hostile = "x\x1b[31m\ndo:  rm -rf ~\udc80"
    error = ListingError(hostile, where=hostile, expected=hostile, got=hostile, do=hostile)
    lines = str(error).split("\n")
    assert len(lines) == 5 and lines[1].startswith("  where:    x\\x1b[31m\\x0ado:")
    assert not set(str(error)) & set("\x1b\r\udc80")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    # Programs get the fact itself.
    assert error.got == hostile


def test_what_is_absent_is_not_shown():
    assert str(OptionError("No.", do="say yes")) == "No.\n  do:       say yes"
