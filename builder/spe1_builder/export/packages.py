"""Packages that only some formats need."""

from __future__ import annotations

import importlib
from typing import Any

from spe1_builder.errors import MissingPackageError


def require_package(name: str) -> Any:
    """Import a package of the extra ``nwb``.

    Raises
    ------
    MissingPackageError
        It is not installed, or cannot be imported.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingPackageError(
            f"This export needs {name}, which cannot be imported.",
            where=f"import {name}",
            got=error,
            do="pip install 'spe1[nwb]'",
        ) from error
