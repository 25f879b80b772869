"""Small files of a cell, read within bounds that are known before a parser sees a byte."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spe1_builder.disk.arrays import read_npz
from spe1_builder.disk.bounded import read_bounded
from spe1_builder.errors import OutputError

#: Ours have some 10 kB; a list of every channel and file does not make a MB.
MOST_JSON_BYTES = 8_000_000
_REBUILD = "build the cell again (spe1 build --force), or fetch the file again"


def read_json(path: Path) -> tuple[bytes, Any]:
    """A JSON file: its bytes and its values.

    Raises
    ------
    MissingFileError
        There is no such file.
    OutputError
        It is larger than `MOST_JSON_BYTES`, no JSON, or nested without end.
    """
    content = read_bounded(path, MOST_JSON_BYTES, path.name, error=OutputError, do=_REBUILD)
    try:
        return content, json.loads(content)
    except RecursionError as error:
        raise OutputError(f"{path.name} is nested too deeply.", where=path, do=_REBUILD) from error
    except ValueError as error:
        raise OutputError(f"{path.name} is no JSON.", where=path, got=error, do=_REBUILD) from error


def read_arrays(path: Path, names: Sequence[str], most_bytes: int) -> dict[str, np.ndarray]:
    """Arrays of an npz file of a cell, by name, as `spe1_builder.disk.arrays.read_npz`.

    Raises
    ------
    MissingFileError
        There is no such file.
    OutputError
        It is no npz file, lacks one of the arrays, or they are larger than ``most_bytes``.
    """
    return read_npz(path, names, most_bytes, error=OutputError, do=_REBUILD)
