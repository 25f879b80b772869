"""What the typed models of files have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError


class Model(BaseModel):
    """A model that does not change, and refuses unknown keys, NaN and infinity."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def first_problem(error: ValidationError, whole: str = "the file") -> str:
    """What a model refused, in one line.

    Parameters
    ----------
    error : ValidationError
    whole : str
        What to name where the problem has no place within.

    Returns
    -------
    str
        ``place.within: message``, and how many more problems there are.
    """
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"]) or whole
    n_more = error.error_count() - 1
    return f"{place}: {first['msg']}" + (f" (and {n_more} more)" if n_more else "")
