"""What a localization method is to the benchmark."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spe1_builder.benchmark.common.contestant import Contestant
from spe1_builder.benchmark.localization.methods.parameter_grid import ParameterGrid
from spe1_builder.benchmark.localization.methods.params import MethodParams
from spe1_builder.benchmark.localization.words import Level
from spe1_builder.constants import Engine
from spe1_builder.errors import OptionError

if TYPE_CHECKING:
    import numpy as np

    from spe1_builder.benchmark.localization.methods.task import Task

#: A task and a number of threads to x and y, float64 (n_waveforms, 2), um; z, float64
#: (n_waveforms,), um; and whether there is an estimate, bool (n_waveforms,).
Estimator = Callable[["Task", int], "tuple[np.ndarray, np.ndarray, np.ndarray]"]


@dataclass(frozen=True)
class Method(Contestant):
    """A localization method: how it is called, drawn, set and computed.

    Attributes
    ----------
    defaults : mapping of str to MethodParams
        The paper's parameters by level.
    load_estimate : callable
        Imports our implementation and returns it, so that numba is loaded when it is needed.
    load_reference : callable, optional
        The same for SpikeInterface's way, or for what it lacks by code that is not ours.
    grid : ParameterGrid, optional
        What the grid search tries; None tries the defaults alone.
    """

    defaults: Mapping[Level, MethodParams]
    load_estimate: Callable[[], Estimator]
    load_reference: Callable[[], Estimator] | None = None
    grid: ParameterGrid | None = None

    def load(self, engine: Engine) -> Estimator:
        """The function that does the work.

        Raises
        ------
        OptionError
            SpikeInterface is asked for, and has no such method or is not installed.
        """
        if engine == "fast":
            return self.load_estimate()
        if self.load_reference is None:
            raise OptionError(
                f"SpikeInterface has no {self.label}.",
                where="engine",
                expected="fast",
                got=engine,
                do="take engine='fast', or leave this method out",
            )
        return self.load_reference()
