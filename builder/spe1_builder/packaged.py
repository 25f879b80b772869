"""Files that come with the package, wherever it lies: in a folder, or in a zip."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable


def packaged_text(name: str) -> str:
    """The text of a file of the package.

    Parameters
    ----------
    name : str
        Its place in the package, such as ``cells.csv``.
    """
    return _packaged(name).read_text(encoding="utf-8")


def packaged_bytes(name: str) -> bytes:
    """The bytes of a file of the package; ``name`` as in `packaged_text`."""
    return _packaged(name).read_bytes()


def _packaged(name: str) -> Traversable:
    return files("spe1_builder").joinpath(*name.split("/"))
