"""``expt_meta.csv``: the release's own description of a recording's two streams."""

from __future__ import annotations

import ast
import codecs
import csv
import re
from pathlib import Path

from spe1_builder.disk.bounded import read_bounded
from spe1_builder.errors import RawDataError

#: The release's files have about 80 bytes.
MAX_META_BYTES = 10_000
#: Longest text of one stream; the release's have about 30 characters. It also bounds how
#: deep the brackets can go.
_MAX_LITERAL = 200
#: What spreadsheets of other countries put between the columns.
_DELIMITERS = (",", ";", "\t")
#: A number with its type, as numpy 2 shows it: ``np.int64(384)``.
_TYPED_NUMBER = re.compile(r"\b(?:np\.|numpy\.)?u?int\d*\((\d+)L?\)")
_DO = "fetch the file again, or remove it to build without this check"


def read_meta_shapes(path: Path) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Shapes of the two recordings from ``expt_meta.csv``.

    The release wrote it with Python 2: a header ``npx,patch`` and one row of
    literals such as ``[(384L, 24301033L), 'int16']`` and ``[40521060, 'float64']``. What
    editors and spreadsheets make of that is read too: a byte order mark, semicolons or
    tabs, numbers without ``L`` or as ``np.int64(384)``.

    Returns
    -------
    npx_shape, patch_shape : tuple of int
        (n_channels, n_samples) and (n_samples,).

    Raises
    ------
    MissingFileError
        No such file.
    RawDataError
        The file does not read as such.
    """
    content = read_bounded(path, MAX_META_BYTES, "The description of the recording", do=_DO)
    try:
        by_name = _columns(_decoded(content))
        return _shape(by_name["npx"]), _shape(by_name["patch"])
    except (ValueError, SyntaxError, KeyError, IndexError, TypeError, csv.Error) as error:
        raise RawDataError(
            "The description of the recording cannot be read.",
            where=path,
            expected="a header 'npx,patch' and one row such as \"[(384L, 24301033L), 'int16']\"",
            got=f"{type(error).__name__}: {error}",
            do=_DO,
        ) from error


def _decoded(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    return content.decode("utf-8-sig")


def _columns(text: str) -> dict[str, str]:
    """The row below the header, by the header's names."""
    lines = [line for line in text.splitlines() if line.strip()]
    for delimiter in _DELIMITERS:
        rows = list(csv.reader(lines[:2], delimiter=delimiter, skipinitialspace=True))
        names = [name.strip() for name in rows[0]]
        if {"npx", "patch"} <= set(names):
            break
    values = rows[1]
    if len(values) != len(names):
        # Without quotes the commas within the brackets separate too: take the brackets.
        values = re.findall(r"\[[^\[\]]*\]", lines[1])
    if len(values) != len(names):
        raise ValueError(f"{len(names)} columns, but a row of {len(values)}")
    return dict(zip(names, values, strict=True))


def _shape(literal: str) -> tuple[int, ...]:
    """``[(384L, 10L), 'int16']`` to (384, 10); ``[10, 'float64']`` to (10,)."""
    if len(literal) > _MAX_LITERAL:
        raise ValueError(f"a column of {len(literal)} characters")
    plain = _TYPED_NUMBER.sub(r"\1", literal.strip())
    value = ast.literal_eval(re.sub(r"(?<=\d)L\b", "", plain))
    shape = value[0] if isinstance(value, list | tuple) else value
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    if not shape or not all(type(n) is int and n > 0 for n in shape):
        raise ValueError(f"{literal!r} holds no shape")
    return shape
