"""Who is scored: the methods of the registry, and two controls that use no algorithm."""

from __future__ import annotations

from spe1_builder.benchmark.common.contestant import Contestant
from spe1_builder.benchmark.localization.methods.registry import METHODS, find_method

#: By name: positions that a picture of the template gives without any localization.
CONTROLS = {
    control.name: control
    for control in (
        Contestant("peak_channel", "peak", "control: peak channel", "#555555", "x", "--"),
        Contestant("peak_depth", "peak y", "control: peak depth, x at centre", "#CC79A7", "+", ":"),
    )
}


def contestants() -> dict[str, Contestant]:
    """Methods and controls by name, in the order of tables and figures."""
    return {**METHODS, **CONTROLS}


def contestant(name: str) -> Contestant:
    """The method or control of a name.

    Raises
    ------
    OptionError
        There is none; a result may come from a version that has more methods.
    """
    return CONTROLS[name] if name in CONTROLS else find_method(name)
