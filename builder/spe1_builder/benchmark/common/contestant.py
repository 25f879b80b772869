"""Who is scored, as tables and figures show it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Contestant:
    """How a method or control is called and drawn.

    Attributes
    ----------
    name : str
        In files.
    short : str
        In tables, and on the command line; for the methods the paper's abbreviation.
    label : str
        In words.
    color : str
        Okabe & Ito 2008, told apart by colour-blind readers.
    marker, dash : str
        matplotlib's, so that grey print tells them apart too.
    """

    name: str
    short: str
    label: str
    color: str
    marker: str
    dash: str
