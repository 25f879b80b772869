"""The words of the benchmark's options and results, each in one spelling."""

from __future__ import annotations

from typing import Literal, get_args

#: What is localized: a cell's template, or each of its spikes.
Level = Literal["templates", "spikes"]
#: How: as it should be, or as the authors' code did.
Mode = Literal["corrected", "as_published"]
#: What a run is asked for: "as-published" has both modes.
Masking = Literal["corrected", "as-published"]
#: By whose code: ours, or SpikeInterface's.

#: What a window stands around: the patch spike, or the trough of the cell's template.
Align = Literal["patch", "trough"]

LEVELS: tuple[Level, ...] = get_args(Level)
MASKINGS: tuple[Masking, ...] = get_args(Masking)
ALIGNS: tuple[Align, ...] = get_args(Align)

#: Words of earlier versions, which options and results may still have.
_FORMER = {"masked": "corrected"}


def present_word(word: str) -> str:
    """A word as it is spelt today; any other is left as it is."""
    return _FORMER.get(word, word)
