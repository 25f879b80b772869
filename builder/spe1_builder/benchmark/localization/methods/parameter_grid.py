"""The sets of parameters that a method is tried with in the grid search."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from spe1_builder.benchmark.localization.words import Level


@dataclass(frozen=True)
class Axis:
    """One of the two parameters that vary.

    Attributes
    ----------
    name : str
        Of the parameter.
    label : str
        In figures, with the unit.
    values : mapping of str to tuple of float
        By level.
    """

    name: str
    label: str
    values: Mapping[Level, tuple[float, ...]]


@dataclass(frozen=True)
class ParameterGrid:
    """Every value of one parameter with every value of another.

    Attributes
    ----------
    down, across : Axis
        As the figure has them.
    beside : mapping of str to tuple of dict
        Further sets by level, which are no part of the grid.
    """

    down: Axis
    across: Axis
    beside: Mapping[Level, tuple[dict[str, float], ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )

    def sets(self, level: Level) -> Iterator[dict[str, float]]:
        """What differs from the method's defaults, set by set."""
        for down in self.down.values[level]:
            for across in self.across.values[level]:
                yield {self.down.name: down, self.across.name: across}
        yield from self.beside.get(level, ())
