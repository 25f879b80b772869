"""Files that come with the package, wherever it lies: in a folder, or in a zip."""

from __future__ import annotations

from importlib.resources import files


def packaged_text(name: str) -> str:
    """The text of a file of the package.

    Parameters
    ----------
    name : str
        Its place in the package, such as ``cells.csv``.
    """
    return files("spe1_builder").joinpath(*name.split("/")).read_text(encoding="utf-8")
