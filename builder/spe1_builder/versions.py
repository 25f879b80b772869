"""Versions of the software that made a result."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version


def installed_versions(names: Sequence[str]) -> dict[str, str]:
    """Versions of the packages that are installed.

    Parameters
    ----------
    names : sequence of str
        Packages, as an index knows them.

    Returns
    -------
    dict of str to str
        In the order asked for; a package that is not installed is left out.
    """
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue  # an extra that is not installed decided nothing
    return found
