"""Extension of griffe, which reads sources: options that are declared once, where they are used.

What `spe1_builder.declared` does when a module is imported is done here for the
pages: the fields of `BuildOptions` in its docstring, and in signature and docstring of the
functions that take them.
"""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import Any

import griffe

from spe1_builder.dataset.plan.options import BuildOptions
from spe1_builder.declared import PLACEHOLDER, described


class DeclaredOptions(griffe.Extension):
    """Fills in what the decorators would."""

    def on_class(self, *, cls: griffe.Class, **kwargs: Any) -> None:
        """A class of declared options gets their meaning into its docstring."""
        if cls.name == BuildOptions.__name__ and cls.docstring is not None:
            cls.docstring.value = inspect.getdoc(BuildOptions) or ""
            # The source of a default is a call, which would stand in the signature.
            for option in fields(BuildOptions):
                cls.parameters[option.name].default = repr(option.default)

    def on_function(self, *, func: griffe.Function, **kwargs: Any) -> None:
        """A function that takes them gets them one by one."""
        if func.docstring is None or PLACEHOLDER not in func.docstring.value:
            return
        func.docstring.value = func.docstring.value.replace(PLACEHOLDER, described(BuildOptions))
        func.parameters = griffe.Parameters(
            *(p for p in func.parameters if p.kind is not griffe.ParameterKind.var_keyword),
            *(
                griffe.Parameter(
                    option.name,
                    annotation=str(option.type),
                    kind=griffe.ParameterKind.keyword_only,
                    default=repr(option.default),
                )
                for option in fields(BuildOptions)
            ),
        )
