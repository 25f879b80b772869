"""The raw files of one cell by their names, and what has become of those that were renamed."""

from __future__ import annotations

from pathlib import Path

from spe1_builder.disk.renamed import Renamed, find_renamed
from spe1_builder.errors import MissingFileError, RawDataError
from spe1_builder.layout import RAW_SUFFIXES

#: What a build looks at, in words. A file of these that is there under another name is told;
#: taken for missing, it would be fetched again, or silently not used.
_MEANINGS = {
    "npx_raw": "Neuropixels recording",
    "patch": "patch-clamp trace",
    "spikes": "file of spike indices",
    "meta": "description of the recording",
}
_REQUIRED = ("npx_raw", "patch")


def find_files(folder: Path, cell_id: str) -> dict[str, Path]:
    """The raw files of a cell's folder, by the keys of `spe1_builder.layout.RAW_SUFFIXES`.

    Parameters
    ----------
    folder : Path
    cell_id : str

    Raises
    ------
    MissingFileError
        The folder, the recording or the patch trace is not there; or a file that the
        build uses has another name, as browsers and Google Drive give them.
    RawDataError
        Several files, or another cell's, that end as one should; or no regular file.
    """
    if not folder.is_dir():
        raise _no_folder(folder, cell_id)
    files: dict[str, Path] = {}
    for kind, suffix in RAW_SUFFIXES.items():
        found = sorted(p for p in folder.iterdir() if p.name.endswith(suffix))
        found = [p for p in found if not p.name.startswith("._")]  # left by macOS
        # Copies of the release have the names bare, too; another cell's name is a mix-up.
        known = (f"{cell_id}_{suffix}", suffix)
        if not found and kind in _MEANINGS:
            renamed = find_renamed(folder, known) or _set_aside(folder, kind, known)
            if renamed:
                raise _renamed(renamed, kind, cell_id)
        if len(found) > 1 or (found and found[0].name not in known):
            raise RawDataError(
                f"The folder of {cell_id} holds several files, or another cell's, "
                f"that end in '{suffix}'.",
                where=folder,
                expected=" or ".join(known),
                got=[p.name for p in found],
                do="leave only this cell's file there",
            )
        if found:
            files[kind] = _regular(found[0], cell_id)
    for kind in _REQUIRED:
        if kind not in files:
            raise MissingFileError(
                f"The {_MEANINGS[kind]} of {cell_id} is missing.",
                where=folder / f"{cell_id}_{RAW_SUFFIXES[kind]}",
                got=f"files {sorted(p.name for p in folder.iterdir()) or 'none'}",
                do=f"move that folder away, then: spe1 download {cell_id} --raw-dir "
                f"{folder.parent.parent}",
            )
    return files


def _set_aside(folder: Path, kind: str, known: tuple[str, ...]) -> list[Renamed]:
    """Optional files under any name that holds theirs, such as ``wc_spike_samples_old.npy``."""
    if kind in _REQUIRED:
        return []
    stem = Path(RAW_SUFFIXES[kind]).stem
    return [
        Renamed(path, known[0], "whole")
        for path in sorted(folder.iterdir())
        if stem in path.name.lower() and not path.name.startswith(".")
    ]


def _no_folder(folder: Path, cell_id: str) -> MissingFileError:
    renamed = find_renamed(folder.parent, [folder.name])
    if renamed:
        return MissingFileError(
            f"The raw recording of {cell_id} is there under another name.",
            where=renamed[0].path,
            expected=folder.name,
            got=renamed[0].path.name,
            do=renamed[0].remedy,
        )
    return MissingFileError(
        f"The raw recording of {cell_id} is not there.",
        where=folder,
        do=f"spe1 download {cell_id} --raw-dir {folder.parent.parent}, or check --raw-dir",
    )


def _renamed(renamed: list[Renamed], kind: str, cell_id: str) -> MissingFileError:
    first = renamed[0]
    names = ", ".join(item.path.name for item in renamed)
    return MissingFileError(
        f"The {_MEANINGS[kind]} of {cell_id} is there under another name.",
        where=first.path,
        expected=first.name,
        got=names,
        do=first.remedy
        + ("" if kind in _REQUIRED else "; or move it out of the folder to build without it"),
    )


def _regular(path: Path, cell_id: str) -> Path:
    if not path.is_file():
        raise RawDataError(
            f"A raw file of {cell_id} is no regular file.",
            where=path,
            expected="a file, or a link to one",
            got="a folder" if path.is_dir() else "a broken link, a pipe or a device",
            do="put the file of the release there",
        )
    return path
