"""Findings: what ``spe1 verify`` says, one line each."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spe1_builder.cells import catalogue
from spe1_builder.dataset.metadata import ModelT, read_model
from spe1_builder.disk.bounded import read_bounded
from spe1_builder.errors import Spe1Error

_LONGEST = 160
#: As `metadata.read_model` has it.
_LARGEST_JSON_BYTES = 10_000_000


@dataclass(frozen=True)
class Finding:
    """Something that is not as the contract says.

    Attributes
    ----------
    where : str
        Path relative to the dataset root.
    what : str
        One line: the fact, what was expected, what is there.

    Examples
    --------
    >>> found = Finding("c14/patch.npz", "patch.npz is missing")
    >>> found.cell, found.where
    ('c14', 'c14/patch.npz')
    >>> Finding("README.md", "README.md is missing").cell is None
    True
    """

    where: str
    what: str

    @property
    def cell(self) -> str | None:
        """The cell that it is in; None for the card, the shared files and what lies beside."""
        first = self.where.partition("/")[0]
        return first if first in catalogue() else None

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class Report:
    """Collects findings; a fact that fails again in the same place is only counted."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], list[Any]] = {}

    def add(self, where: str, fact: str, *, expected: Any = None, got: Any = None) -> None:
        """Something is wrong at ``where``.

        Parameters
        ----------
        where : str
            Path relative to the root.
        fact : str
            What was looked at; findings of the same fact and place become one.
        expected, got : object, optional
            Values in the place of None are left out.
        """
        entry = self._found.setdefault((where, fact), [0, expected, got])
        entry[0] += 1

    def equal(self, where: str, fact: str, expected: Any, got: Any) -> bool:
        """Whether two values are equal; a finding if not."""
        if expected == got:
            return True
        self.add(where, fact, expected=expected, got=got)
        return False

    def has(self, where: str) -> bool:
        """Whether something is wrong at a place already."""
        return any(place == where for place, _ in self._found)

    def has_under(self, folder: str) -> bool:
        """Whether something is wrong with a folder, or with anything in it."""
        return any(f"{place}/".startswith(f"{folder}/") for place, _ in self._found)

    def at(self, where: str) -> Place:
        """The same for one place."""
        return Place(self, where)

    def findings(self) -> list[Finding]:
        """All of them, in the order of their first sight."""
        return [Finding(where, _line(fact, *entry)) for (where, fact), entry in self._found.items()]


@dataclass(frozen=True, eq=False)
class Place:
    """A report that adds to one place; see `Report`."""

    report: Report
    where: str

    def add(self, fact: str, *, expected: Any = None, got: Any = None) -> None:
        self.report.add(self.where, fact, expected=expected, got=got)

    def equal(self, fact: str, expected: Any, got: Any) -> bool:
        return self.report.equal(self.where, fact, expected, got)


def _line(fact: str, count: int, expected: Any, got: Any) -> str:
    parts = [
        f"{label} {_short(value)}"
        for label, value in (("expected", expected), ("got", got))
        if value is not None
    ]
    text = f"{fact}: {', '.join(parts)}" if parts else fact
    return f"{text} (and {count - 1} more)" if count > 1 else text


def _short(value: Any) -> str:
    if isinstance(value, OSError) and value.strerror:
        value = value.strerror  # without the path, which `where` has
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def listing(names: Iterable[Any]) -> str:
    """Names for one line, ``none`` if there are none."""
    return ", ".join(str(name) for name in names) or "none"


def read_json(path: Path) -> Any:
    """A JSON value; NaN and infinity, which JSON does not have, are a ValueError.

    Raises
    ------
    ValueError
        Not valid JSON, or nested beyond reason.
    OSError
        The file cannot be read.
    """

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is not valid JSON")

    try:
        content = read_bounded(path, _LARGEST_JSON_BYTES, path.name)
        return json.loads(content, parse_constant=refuse)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def read_model_or_report(path: Path, model: type[ModelT], found: Place) -> ModelT | None:
    """A JSON file through its model; a finding and None if it is not what that says."""
    try:
        value = read_model(path, model)
        read_json(path)  # the model's reader lets NaN pass where it does not look
        return value
    except Spe1Error as error:
        found.add(error.what.rstrip("."), got=error.got)
    except (OSError, ValueError) as error:
        found.add("not a JSON file", got=error)
    return None
