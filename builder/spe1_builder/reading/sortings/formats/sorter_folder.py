"""The folder that SpikeInterface runs a sorter in (``run_sorter(folder=...)``)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spe1_builder.errors import SortingError
from spe1_builder.reading.sortings.formats import npz, phy, saved_folder, saved_zarr
from spe1_builder.reading.sortings.formats.form import SortingForm
from spe1_builder.reading.sortings.found import EXPORT_AGAIN, FoundTrains

_OUTPUT = "sorter_output"
#: What SpikeInterface's own sorters and MountainSort name their results.
_PLACES = ("sorting", "sorting.zarr", "sorting.npz", "firings.npz", "results", ".")
_FORMS = (saved_zarr.FORM, saved_folder.FORM, phy.FORM, npz.FORM)


def _results(folder: Path) -> Iterator[tuple[Path, SortingForm]]:
    for place in _PLACES:
        path = folder / _OUTPUT / place
        yield from ((path, form) for form in _FORMS if form.is_known(path))


def is_known(source: Any) -> bool:
    return isinstance(source, Path) and (source / _OUTPUT).is_dir()


def read(folder: Path) -> FoundTrains:
    """Units that the sorter left."""
    for path, form in _results(folder):
        return form.read(path)
    raise SortingError(
        "The sorter has left no result that is known.",
        where=folder / _OUTPUT,
        expected=f"one of {', '.join(_PLACES[:-1])}, or files of Phy",
        do="read it by SpikeInterface's class: kind='spikeinterface', extractor='...'; or "
        + EXPORT_AGAIN,
    )


FORM = SortingForm("sorter_folder", "a folder of SpikeInterface's run_sorter", is_known, read)
