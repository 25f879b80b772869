"""One task after the other, cell by cell; a cell that fails stops no other.

The task is a function of a cell's id, and what is done with each outcome is the caller's:
the same tasks can be handed to another machine's loop.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from spe1_builder.errors import Spe1Error

R = TypeVar("R")


@dataclass(frozen=True)
class Done(Generic[R]):
    """A cell whose task came to its end, and what came of it."""

    cell_id: str
    result: R


@dataclass(frozen=True)
class Failure:
    """A cell whose task failed, and why.

    Attributes
    ----------
    cell_id : str
    error : Exception
    is_foreign : bool
        An error that nobody foresaw: a fault of the program, which deserves a traceback.
    """

    cell_id: str
    error: Exception

    @property
    def is_foreign(self) -> bool:
        return not isinstance(self.error, Spe1Error | OSError | MemoryError)

    @property
    def cause(self) -> str:
        """In one line."""
        error = self.error
        return error.what if isinstance(error, Spe1Error) else type(error).__name__


def goes_on(_error: Exception) -> bool:
    """No error of one cell speaks against the others."""
    return False


def each_cell(
    cell_ids: Sequence[str],
    task: Callable[[str], R],
    *,
    is_hopeless: Callable[[Exception], bool] = goes_on,
) -> Generator[Done[R] | Failure, None, None]:
    """Run a task on each cell.

    Parameters
    ----------
    cell_ids : sequence of str
    task : callable
        ``task(cell_id)``.
    is_hopeless : callable, optional
        Whether after an error of one cell no other can succeed: then the rest is left.

    Yields
    ------
    Done or Failure
        As each cell ends, in order.
    """
    for cell_id in cell_ids:
        try:
            result = task(cell_id)
        except Exception as error:  # noqa: BLE001 - whatever befalls one cell, the others go on
            yield Failure(cell_id, error)
            if is_hopeless(error):
                return
        else:
            yield Done(cell_id, result)
