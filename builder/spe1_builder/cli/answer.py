"""``--quiet``, ``--verbose`` and ``--json``, which every command takes."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, TypeVar, cast

import typer

from spe1_builder.cli.console import STOPPED, Screen, on_screen, print_document, print_error
from spe1_builder.errors import Spe1Error
from spe1_builder.progress import Style, shown_as

_F = TypeVar("_F", bound=Callable[..., Any])

_ADDED = {
    "quiet": Annotated[
        bool,
        typer.Option("--quiet", "-q", metavar="", help="Only the result, warnings and errors."),
    ],
    "verbose": Annotated[
        bool,
        typer.Option("--verbose", "-v", metavar="", help="A line a stage; errors with traceback."),
    ],
    "as_json": Annotated[
        bool, typer.Option("--json", metavar="", help="The result as one JSON document.")
    ],
}


def answering(function: _F, name: str | None = None) -> _F:
    """A command with the three options more; with ``--json`` its answer is one document.

    Parameters
    ----------
    function : callable
        A command: raises `Spe1Error`, or ``typer.Exit`` with another status than 0.
    name : str, optional
        Its words; by default the function's name.
    """
    words = name or function.__name__

    @functools.wraps(function)
    def call(*args: Any, quiet: bool, verbose: bool, as_json: bool, **kwargs: Any) -> None:
        screen = Screen(words, is_json=as_json, is_verbose=verbose)
        style = Style.QUIET if quiet else Style.LINES if verbose else Style.BARS
        with on_screen(screen), shown_as(style):
            if not as_json:
                function(*args, **kwargs)
                return
            status = _status_of(lambda: function(*args, **kwargs), screen)
            print_document(screen, status)
        if status:
            raise typer.Exit(status)

    signature = inspect.signature(function, eval_str=True)
    added = [
        inspect.Parameter(
            option, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=annotation
        )
        for option, annotation in _ADDED.items()
    ]
    parameters = [*signature.parameters.values(), *added]
    public: Any = call
    public.__signature__ = signature.replace(parameters=parameters)
    public.__annotations__ = {one.name: one.annotation for one in parameters}
    return cast(_F, call)


def _status_of(work: Callable[[], None], screen: Screen) -> int:
    """Do the work; an error goes onto the screen."""
    try:
        work()
    except typer.Exit as end:
        return end.exit_code
    except KeyboardInterrupt:
        return STOPPED
    except Spe1Error as error:
        screen.error = error
        print_error("spe1", error)
        return 1
    return 0
