"""What a form of sortings is to the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spe1_builder.errors import SortingError
from spe1_builder.reading.sortings.found import FoundTrains


@dataclass(frozen=True)
class SortingForm:
    """A form of sortings.

    Attributes
    ----------
    kind : str
        Its name, for ``kind=``.
    holds : str
        What it is, for people.
    is_known : callable
        Whether a path, an address or an object is of this form. Reads little, raises nothing of
        a path that is there.
    read : callable
        ``read(source, **options)``. A path that is given to it is there.
    takes_path : bool
        False for objects and addresses, which are no files of this machine.
    """

    kind: str
    holds: str
    is_known: Callable[[Any], bool]
    read: Callable[..., FoundTrains]
    takes_path: bool = True


def starts_with(path: Path, mark: bytes) -> bool:
    """Whether a path is a file that begins with these bytes."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(mark)) == mark


def untrusted(path: Path, what: str) -> SortingError:
    """What was written by pickle runs any code when it is opened."""
    return SortingError(
        f"{what} is pickled: opening it runs whatever code it holds.",
        where=path,
        do="if you wrote it yourself: trust_pickle=True (--trust-pickle); else have it exported "
        "in another form",
    )
