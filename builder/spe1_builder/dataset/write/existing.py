"""What is there already: up to date, or not to be overwritten unasked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from spe1_builder.dataset.metadata import ConversionMetadata, read_model
from spe1_builder.dataset.plan.inputs import InputIdentity
from spe1_builder.dataset.plan.options import BuildOptions
from spe1_builder.dataset.sidecars import cell_files
from spe1_builder.errors import OptionError, Spe1Error, StaleOutputError
from spe1_builder.layout import METADATA_NAME, SHARD_GLOB, SPLITS

_LITTER = {".DS_Store", "Thumbs.db", "desktop.ini", ".directory"}


def is_replaceable(folder: Path, verb: str) -> bool:
    """Whether something is there that may give way to a cell; False if nothing is.

    Parameters
    ----------
    folder : Path
        Of the cell.
    verb : str
        What would put a cell there, for errors: build, fetch.

    Raises
    ------
    StaleOutputError
        It is no cell, or holds files of somebody else's.
    OptionError
        The folder is a link.
    """
    if folder.is_symlink():
        raise OptionError(
            "The cell's folder is a symbolic link, which cannot be replaced in one step.",
            where=folder,
            got=f"a link to {folder.resolve()}",
            do=f"{verb} into the root that the link leads to, or move the link away",
        )
    if not folder.exists():
        return False
    foreign = foreign_files(folder)
    if foreign:
        # Even by force: whatever this is, it was not built here.
        raise StaleOutputError(
            "The folder holds files that are none of a built cell's; it is never replaced.",
            where=folder,
            got=", ".join(foreign[:5]) + (" ..." if len(foreign) > 5 else ""),
            do="move those files away, or choose another root",
        )
    return True


def is_current(
    folder: Path, identity: Callable[[], InputIdentity], options: BuildOptions, force: bool
) -> bool:
    """Whether the cell is there and up to date; False means: build it.

    Parameters
    ----------
    identity : callable
        What this build would be; asked only if there is something to compare with.

    Raises
    ------
    StaleOutputError
        Something else is there and ``force`` is not set; or it is no cell at all.
    OptionError
        The folder is a link.
    """
    if not is_replaceable(folder, "build"):
        return False
    if force:
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
        got = _difference(metadata, options, identity())
    raise StaleOutputError(what, where=folder, got=got, do=rebuild)


def _difference(metadata: ConversionMetadata, options: BuildOptions, new: InputIdentity) -> str:
    built, asked = metadata.provenance.options, options.as_dict()
    changes = [
        f"{name} {built.get(name)!r} there, {value!r} asked"
        for name, value in asked.items()
        if built.get(name) != value
    ]
    old_files = {file.role: file for file in metadata.provenance.raw_files}
    new_files = {file.role: file for file in new.raw_files}
    for role in sorted(old_files.keys() | new_files.keys()):
        old_file, new_file = old_files.get(role), new_files.get(role)
        if old_file is None or new_file is None:
            name = (old_file or new_file).name  # type: ignore[union-attr]
            changes.append(f"{name} {'was not' if old_file is None else 'is no longer'} there")
        elif old_file.sha256 != new_file.sha256:
            changes.append(f"{new_file.name} has another content")
    return "; ".join(changes) or "another row in the summary, or another version of the data"


def foreign_files(folder: Path) -> list[str]:
    """Files that no build writes and no reader of ``datasets`` leaves there."""
    if not folder.is_dir():
        return [folder.name]
    known = {METADATA_NAME, *cell_files(), *SPLITS}
    foreign = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        # What desktops and network disks leave everywhere is nobody's data.
        if name.name in _LITTER or name.name.startswith(("._", ".nfs")):
            continue
        is_shard = path.match(SHARD_GLOB) or path.match("cache-*.arrow") or path.match("tmp*")
        in_split = len(name.parts) == 2 and name.parts[0] in SPLITS
        is_known = name.as_posix() in known or (in_split and is_shard)
        if not is_known:
            foreign.append(name.as_posix())
    return foreign
