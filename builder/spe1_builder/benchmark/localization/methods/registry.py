"""The localization methods. Another one is a folder beside this file, and its line here."""

from __future__ import annotations

from collections.abc import Iterable

from spe1_builder.benchmark.localization.methods.center_of_mass.method import CENTER_OF_MASS
from spe1_builder.benchmark.localization.methods.grid_convolution.method import GRID_CONVOLUTION
from spe1_builder.benchmark.localization.methods.method import Method
from spe1_builder.benchmark.localization.methods.monopolar_triangulation.method import (
    MONOPOLAR_TRIANGULATION,
)
from spe1_builder.benchmark.localization.methods.point_source.method import POINT_SOURCE
from spe1_builder.errors import OptionError

#: By name, in the order of tables and figures: the paper's own in its order, then others.
METHODS: dict[str, Method] = {
    method.name: method
    for method in (CENTER_OF_MASS, MONOPOLAR_TRIANGULATION, GRID_CONVOLUTION, POINT_SOURCE)
}


def find_method(name: str) -> Method:
    """The method of a name or abbreviation, in any case.

    Raises
    ------
    OptionError
        There is no such method.
    """
    for method in METHODS.values() if isinstance(name, str) else ():
        if name.lower() in (method.name.lower(), method.short.lower()):
            return method
    raise OptionError(
        "There is no such localization method.",
        where="methods",
        expected=", ".join(f"{method.short} ({method.name})" for method in METHODS.values()),
        got=repr(name),
        do="name one of these; --methods left out means all, and the controls are always there",
    )


def expand_methods(names: Iterable[str]) -> tuple[str, ...]:
    """Method names or abbreviations to names, each once, in the order of `METHODS`.

    Parameters
    ----------
    names : iterable of str
        ``COM``, ``MT``, ``GC``, ``PS`` in any case, or the full names. None at all means all.

    Raises
    ------
    OptionError
        There is no such method.
    """
    chosen = {find_method(name).name for name in names}
    return tuple(name for name in METHODS if name in chosen or not chosen)
