"""Who is scored: the paper's three methods, and two controls that use no algorithm."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from spe1_builder.benchmark.localization.methods.params import METHODS
from spe1_builder.errors import OptionError

#: Positions that a picture of the template gives without any localization.
CONTROLS = ("peak_channel", "peak_depth")


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


CONTESTANTS = {
    contestant.name: contestant
    for contestant in (
        Contestant("center_of_mass", "COM", "center of mass", "#0072B2", "o", "-"),
        Contestant("monopolar_triangulation", "MT", "monopolar triangulation", "#D55E00", "s", "-"),
        Contestant("grid_convolution", "GC", "grid convolution", "#009E73", "^", "-"),
        Contestant("peak_channel", "peak", "control: peak channel", "#555555", "x", "--"),
        Contestant(
            "peak_depth",
            "peak y",
            "control: peak depth, x at centre",
            "#CC79A7",
            "+",
            ":",
        ),
    )
}
_BY_SHORT = {CONTESTANTS[name].short.lower(): name for name in METHODS}


def expand_methods(names: Iterable[str]) -> tuple[str, ...]:
    """Method names or abbreviations to names, each once, in the paper's order.

    Parameters
    ----------
    names : iterable of str
        ``COM``, ``MT``, ``GC`` in any case, or the full names. None at all means all.

    Raises
    ------
    OptionError
        There is no such method.
    """
    chosen = set()
    for name in names:
        full = _BY_SHORT.get(name.lower(), name.lower())
        if full not in METHODS:
            raise OptionError(
                "There is no such localization method.",
                where="methods",
                expected=", ".join(f"{CONTESTANTS[known].short} ({known})" for known in METHODS),
                got=repr(name),
                do="leave --methods out for all three; the controls are always there",
            )
        chosen.add(full)
    return tuple(method for method in METHODS if method in chosen or not chosen)
