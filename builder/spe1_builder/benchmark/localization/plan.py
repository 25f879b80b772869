"""What a run does, resolved from its options once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from spe1_builder.benchmark.localization.contestants import CONTROLS
from spe1_builder.benchmark.localization.methods.params import MethodParams
from spe1_builder.benchmark.localization.methods.registry import METHODS
from spe1_builder.benchmark.localization.options import BenchmarkOptions
from spe1_builder.benchmark.localization.words import LEVELS, Align, Level, Masking, Mode
from spe1_builder.constants import Engine


@dataclass(frozen=True)
class Plan:
    """What a run does.

    Attributes
    ----------
    masking : str
        As it was asked for; `modes` is what follows.
    modes : tuple of str
    align : str
        What windows stand around.
    levels : tuple of str
        Templates, and spikes where they are asked for.
    methods : tuple of str
        Names, in the registry's order.
    params : mapping
        By level (both of them) and method.
    grids : mapping
        By level and method, every set of parameters of the grid search; the first item of
        a pair is what differs from the method's parameters.
    days, grid_days : tuple of int
        Of the degradation and the grid search; empty where it is not asked for.
    seeds : tuple of int
    tolerance_um : float
    engine : str
    n_threads : int
    raw_dir : Path
    """

    masking: Masking
    modes: tuple[Mode, ...]
    align: Align
    levels: tuple[Level, ...]
    methods: tuple[str, ...]
    params: Mapping[tuple[Level, str], MethodParams]
    grids: Mapping[tuple[Level, str], tuple[tuple[dict[str, float], MethodParams], ...]]
    days: tuple[int, ...]
    grid_days: tuple[int, ...]
    seeds: tuple[int, ...]
    tolerance_um: float
    engine: Engine
    n_threads: int
    raw_dir: Path

    @property
    def contestants(self) -> tuple[str, ...]:
        """The methods and the controls, in the order of tables."""
        return (*self.methods, *CONTROLS)

    @property
    def all_days(self) -> tuple[int, ...]:
        """Days of the degradation or the grid search, ascending."""
        return tuple(sorted({*self.days, *self.grid_days}))

    def params_of(self, level: Level) -> dict[str, MethodParams]:
        """The parameters of one level by method."""
        return {method: self.params[level, method] for method in self.methods}


def make_plan(options: BenchmarkOptions) -> Plan:
    """Resolve the options of a run."""
    params = {
        (level, name): METHODS[name].defaults[level] for level in LEVELS for name in options.methods
    }
    grids = {}
    for (level, name), chosen in params.items():
        grid = METHODS[name].grid
        changes = [{}] if grid is None else grid.sets(level)
        grids[level, name] = tuple(
            (changed, chosen.model_copy(update=changed)) for changed in changes
        )
    return Plan(
        masking=options.masking,
        modes=options.modes,
        align=options.align,
        levels=LEVELS if options.with_spikes else LEVELS[:1],
        methods=options.methods,
        params=MappingProxyType(params),
        grids=MappingProxyType(grids),
        days=options.days if options.degradation else (),
        grid_days=options.grid_days if options.grid_search else (),
        seeds=options.seeds,
        tolerance_um=options.tolerance_um,
        engine=options.engine,
        n_threads=options.n_jobs,
        raw_dir=options.raw_dir,
    )
