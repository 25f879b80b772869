"""Options declared once, in a dataclass, for docstrings, signatures and the command line."""

from __future__ import annotations

import functools
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import field, fields
from typing import Any, TypeVar, cast, get_type_hints

_C = TypeVar("_C", bound=type)
_F = TypeVar("_F", bound=Callable[..., Any])
#: Where a function's docstring has the parameters that it takes over.
PLACEHOLDER = "{options}"


def option(default: Any, doc: str) -> Any:
    """A field of a dataclass of options with what it means: the one place where that is said."""
    return field(default=default, metadata={"doc": doc})


def documented_fields(cls: _C) -> _C:
    """Class decorator: add an Attributes section from each field's ``metadata["doc"]``."""
    cls.__doc__ = f"{cls.__doc__}\n\nAttributes\n----------\n{described(cls)}\n"
    return cls


def described(declared: type) -> str:
    """The fields of a dataclass as a numpydoc section's body."""
    return "\n".join(
        f"{one.name} : {_name(one.type)}\n" + textwrap.indent(one.metadata["doc"], "    ")
        for one in fields(declared)
    )


def _name(kind: Any) -> str:
    """A type as a docstring names it; an annotation that was not evaluated is its own name."""
    return kind if isinstance(kind, str) else getattr(kind, "__name__", str(kind))


def takes_options_of(
    declared: type, annotate: Callable[[Any, str], Any] = lambda kind, doc: kind
) -> Callable[[_F], _F]:
    """Decorator: the ``**options`` of a function become the fields of a dataclass, one by one.

    Its signature, its annotations and the place of `PLACEHOLDER` in its docstring are
    filled; the function itself gets them as keywords, those left out with their defaults.

    Parameters
    ----------
    declared : type
        The dataclass.
    annotate : callable, optional
        ``annotate(type, doc)`` gives a parameter's annotation; the command line adds
        the text of its help so.
    """
    kinds = get_type_hints(declared)

    def decorate(function: _F) -> _F:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            unknown = kwargs.keys() - known
            if unknown:
                raise TypeError(f"{function.__name__}() has no option {sorted(unknown)[0]!r}")
            return function(*args, **kwargs)

        signature = inspect.signature(function, eval_str=True)
        own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        added = [
            inspect.Parameter(
                one.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=one.default,
                annotation=annotate(kinds[one.name], one.metadata["doc"]),
            )
            for one in fields(declared)
        ]
        known = {parameter.name for parameter in [*own, *added]}
        public: Any = call
        public.__signature__ = signature.replace(parameters=[*own, *added])
        public.__annotations__ = {
            parameter.name: parameter.annotation for parameter in [*own, *added]
        } | {"return": signature.return_annotation}
        if function.__doc__ is not None:
            text = inspect.cleandoc(function.__doc__)
            public.__doc__ = text.replace(PLACEHOLDER, described(declared))
        return cast(_F, call)

    return decorate
