"""``expt_meta.csv``: the release's own description of a recording's two streams."""

from __future__ import annotations

import ast
import csv
import re
from pathlib import Path

from spe1_builder.errors import RawDataError


def read_meta_shapes(path: Path) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Shapes of the two recordings from ``expt_meta.csv``.

    The release wrote it with Python 2: a header ``npx,patch`` and one row of
    literals such as ``[(384L, 24301033L), 'int16']`` and ``[40521060, 'float64']``.

    Returns
    -------
    npx_shape, patch_shape : tuple of int
        (n_channels, n_samples) and (n_samples,).

    Raises
    ------
    RawDataError
        The file does not read as such.
    """
    try:
        text = path.read_text(encoding="utf-8")
        rows = list(csv.reader(text.splitlines()))
        columns = [name.strip() for name in rows[0]]
        by_name = dict(zip(columns, rows[1], strict=True))
        return _shape(by_name["npx"]), _shape(by_name["patch"])
    except (ValueError, SyntaxError, KeyError, IndexError, TypeError, RecursionError) as error:
        raise RawDataError(
            "The description of the recording cannot be read.",
            where=path,
            expected="a header 'npx,patch' and one row such as \"[(384L, 24301033L), 'int16']\"",
            got=f"{type(error).__name__}: {error}",
            do="fetch the file again, or remove it to build without this check",
        ) from error


def _shape(literal: str) -> tuple[int, ...]:
    """``[(384L, 10L), 'int16']`` to (384, 10); ``[10, 'float64']`` to (10,)."""
    value = ast.literal_eval(re.sub(r"(?<=\d)L\b", "", literal.strip()))
    shape = value[0] if isinstance(value, list | tuple) else value
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    if not shape or not all(type(n) is int and n > 0 for n in shape):
        raise ValueError(f"{literal!r} holds no shape")
    return shape
