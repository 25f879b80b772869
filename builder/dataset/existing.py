"""What is there already: up to date, or not to be overwritten unasked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from builder.dataset.inputs import Identity
from builder.dataset.metadata import ConversionMetadata, read_model
from builder.dataset.options import BuildOptions
from builder.errors import Spe1Error, StaleOutputError
from builder.layout import METADATA_NAME


def is_current(
    folder: Path, identity: Callable[[], Identity], options: BuildOptions, force: bool
) -> bool:
    """Whether the cell is there and up to date; False means: build it.

    Parameters
    ----------
    identity : callable
        What this build would be; asked only if there is something to compare with.

    Raises
    ------
    StaleOutputError
        Something else is there and ``force`` is not set.
    """
    if force or not folder.exists():
        return False
    rebuild = "rebuild it with force=True (--force), or choose another root"
    try:
        metadata = read_model(folder / METADATA_NAME, ConversionMetadata)
    except Spe1Error as error:
        raise StaleOutputError(
            "The folder exists, and is not a cell of this version.",
            where=folder,
            got=error.what,
            do=rebuild,
        ) from error
    damaged = [
        file.path
        for file in metadata.files
        if not (folder / file.path).is_file() or (folder / file.path).stat().st_size != file.size
    ]
    if not damaged and metadata.provenance.fingerprint == identity().fingerprint:
        return True
    if damaged:
        what, got = "The built cell is damaged.", f"missing or of another size: {damaged}"
    else:
        what = "The built cell comes from other data or other options."
        got = _difference(metadata, options)
    raise StaleOutputError(what, where=folder, got=got, do=rebuild)


def _difference(metadata: ConversionMetadata, options: BuildOptions) -> str:
    built, asked = metadata.provenance.options, options.as_dict()
    changes = [
        f"{name} {built.get(name)!r} there, {value!r} asked"
        for name, value in asked.items()
        if built.get(name) != value
    ]
    return "; ".join(changes) or "other raw files, summary or code version"
