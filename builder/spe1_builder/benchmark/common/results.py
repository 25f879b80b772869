"""The JSON of a benchmark's result: written whole, read through its schema."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from spe1_builder.disk.atomic import write_text
from spe1_builder.errors import MissingFileError, OutputError
from spe1_builder.models import first_problem

R = TypeVar("R", bound=BaseModel)


def write_result(path: Path, result: BaseModel) -> None:
    """Write the JSON; it appears whole or not at all."""
    write_text(path, result.model_dump_json(indent=1) + "\n")


def read_result(path: Path, schema: type[R], version: int, task: str) -> R:
    """Read a result.

    Parameters
    ----------
    path : Path
    schema : type
    version : int
        Of the schema, for the error.
    task : str
        As the command calls it: localization, sorting.

    Raises
    ------
    MissingFileError
        No such file.
    OutputError
        Not valid JSON, another version of the schema, or contradictory.
    """
    if not path.is_file():
        raise MissingFileError(
            f"There is no result of the {task} benchmark.",
            where=path,
            do=f"make one: spe1 benchmark {task} --root spe1",
        )
    try:
        return schema.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise OutputError(
            f"The result of the {task} benchmark is malformed, or was written by another version.",
            where=path,
            expected=f"schema_version {version}",
            got=first_problem(error),
            do=f"run the benchmark again: spe1 benchmark {task}",
        ) from error


def without_keys(value: Any, names: set[str]) -> Any:
    """Plain values without some keys, at any depth."""
    if isinstance(value, dict):
        return {key: without_keys(item, names) for key, item in value.items() if key not in names}
    if isinstance(value, list):
        return [without_keys(item, names) for item in value]
    return value
