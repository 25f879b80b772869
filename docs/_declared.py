"""Extension of griffe, which reads sources: options that are declared once, where they are used.

What `spe1_builder.declared` does when a module is imported is done here for the
pages: their fields in the docstring of the dataclass, and in signature and docstring of the
functions that take them.
"""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import Any

import griffe

from spe1_builder.benchmark.localization.options import BenchmarkOptions
from spe1_builder.benchmark.sorting.options import SortingOptions
from spe1_builder.dataset.plan.options import BuildOptions
from spe1_builder.declared import PLACEHOLDER, described
from spe1_builder.source.simulation.options import SimulationOptions

#: Every dataclass that a function takes the fields of.
_DECLARED = {
    cls.__name__: cls for cls in (BenchmarkOptions, BuildOptions, SimulationOptions, SortingOptions)
}


class DeclaredOptions(griffe.Extension):
    """Fills in what the decorators would."""

    def on_class(self, *, cls: griffe.Class, **kwargs: Any) -> None:
        """A class of declared options gets their meaning into its docstring."""
        if cls.name in _DECLARED and cls.docstring is not None:
            declared = _DECLARED[cls.name]
            cls.docstring.value = inspect.getdoc(declared) or ""
            # The source of a default is a call, which would stand in the signature.
            for option in fields(declared):
                cls.parameters[option.name].default = repr(option.default)

    def on_function(self, *, func: griffe.Function, **kwargs: Any) -> None:
        """A function that takes them gets them one by one."""
        if func.docstring is None or PLACEHOLDER not in func.docstring.value:
            return
        declared = _options_of(func)
        func.docstring.value = func.docstring.value.replace(PLACEHOLDER, described(declared))
        func.parameters = griffe.Parameters(
            *(p for p in func.parameters if p.kind is not griffe.ParameterKind.var_keyword),
            *(
                griffe.Parameter(
                    option.name,
                    annotation=str(option.type),
                    kind=griffe.ParameterKind.keyword_only,
                    default=repr(option.default),
                )
                for option in fields(declared)
            ),
        )


def _options_of(func: griffe.Function) -> type:
    """The dataclass that its decorator ``takes_options_of`` names."""
    calls = [str(decorator.value) for decorator in func.decorators]
    named = [call.partition("(")[2].rstrip(")") for call in calls if "takes_options_of" in call]
    if len(named) != 1 or named[0] not in _DECLARED:
        raise ValueError(f"docs/_declared.py does not know the options of {func.path}: {calls}")
    return _DECLARED[named[0]]
