"""Any sorting that SpikeInterface has an extractor for, by the extractor's name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spe1_builder.errors import OptionError, SortingError
from spe1_builder.reading.sortings.formats import objects
from spe1_builder.reading.sortings.formats.form import SortingForm
from spe1_builder.reading.sortings.found import FoundTrains


def is_known(source: Any) -> bool:
    return False  # by name alone: an extractor may run what it reads


def read(
    path: Path,
    *,
    extractor: str,
    arguments: Mapping[str, Any] | None = None,
    segment_starts: Sequence[int] | None = None,
) -> FoundTrains:
    """Units as an extractor reads them.

    Parameters
    ----------
    path : Path
    extractor : str
        As SpikeInterface calls it: "kilosort", "mclust", "tridesclous", "combinato", ...
    arguments : mapping, optional
        What it takes beyond the path.
    segment_starts : sequence of int, optional
    """
    from spikeinterface import extractors

    read_it = getattr(extractors, f"read_{extractor}", None)
    if not callable(read_it):
        names = [name.removeprefix("read_") for name in dir(extractors) if name[:5] == "read_"]
        raise OptionError(
            "SpikeInterface has no such extractor.",
            where="extractor",
            expected=", ".join(names),
            got=f"{extractor!r:.200}",
            do="name one of them",
        )
    try:
        sorting = read_it(path, **dict(arguments or {}))
        if not objects.is_known(sorting):
            raise TypeError(f"it gives {type(sorting).__name__}, no sorting")
        found = objects.read(sorting, segment_starts=segment_starts)
    except SortingError:
        raise
    # Other people's parsers, of some thirty forms: there is no list of what they raise.
    except Exception as error:
        raise SortingError(
            f"SpikeInterface's extractor {extractor} cannot read it.",
            where=path,
            got=f"{type(error).__name__}: {error}",
            do="name another extractor, or what it takes: arguments={...}",
        ) from error
    notes = {**found.notes, "form": f"SpikeInterface's {extractor}"}
    return FoundTrains(found.unit_ids, found.times, str(path), found.unit, found.rate_hz, notes)


FORM = SortingForm(
    "spikeinterface", "anything that an extractor of SpikeInterface reads", is_known, read
)
