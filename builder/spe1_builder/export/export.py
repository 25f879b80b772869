"""``spe1.export``: a built cell to a file or folder of another program."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from spe1_builder.disk.atomic import replacing, replacing_folder
from spe1_builder.disk.locks import held_lock
from spe1_builder.disk.os_errors import translated_os_errors
from spe1_builder.disk.space import require_space
from spe1_builder.errors import MissingFileError, OptionError, StaleOutputError
from spe1_builder.export.formats import FORMATS, SAMPLE_TYPES, Format, SampleType
from spe1_builder.export.model import RECORD_NAME, Exported
from spe1_builder.export.packages import require_package
from spe1_builder.export.signal import Signal, make_signal
from spe1_builder.export.source import CellSource, open_source
from spe1_builder.paths import local_path
from spe1_builder.progress import Progress, Silent

#: A format's module and function, imported when it is asked for.
_WRITERS = {to: (f"spe1_builder.export.{to}", f"write_{to}") for to in FORMATS}
#: Ends of the names of those that are a file.
_FILE_ENDS: dict[str, str] = {"nwb": ".nwb", "spikelab": ".h5"}
#: What they need besides the core.
_PACKAGES = {"nwb": ("pynwb", "h5py"), "spikelab": ("h5py",)}
#: Of all that is not traces.
_SMALL_BYTES = 100_000_000
_ELSEWHERE = "choose another place for the export"


def export(
    cell: str | Path,
    to: Format,
    output: str | Path,
    root: str | Path = "spe1",
    *,
    dtype: SampleType = "int16",
    channels: Sequence[int] | slice | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Exported:
    """Write a built cell in the format of another program.

    Streamed, so that memory does not grow with the recording; there whole or not at all; read
    back and compared before it is there. Sample 0 is the first of the analysis window.

    Parameters
    ----------
    cell : str or Path
        Id of a cell in ``root``, or the cell's folder.
    to : {"binary", "phy", "nwb", "zarr", "spikelab"}
        "binary": a folder of ``recording.dat`` (time-major), ``probe.json``, ``chanMap.mat``,
        ``params.py``, ``channel_positions.npy`` and ``ground_truth_samples.npy``. "phy": the same
        with what Kilosort leaves, the patched neuron as its one unit. "nwb": a file with the
        traces, the patch trace, the unit and the electrodes. "zarr": SpikeInterface's folders
        of the recording and the ground truth. "spikelab": an HDF5 file of the spikes alone.
    output : str or Path
        The folder, or the file, in a folder that exists.
    root : str or Path
        Dataset root.
    dtype : {"int16", "float32"}
        float32 keeps every bit. int16 is counts of 1/32 uV, or of the double of it as often as
        it takes for nothing to clip; ``uV_per_bit`` tells.
    channels : sequence of int, mask of N_CHANNELS booleans, or slice, optional
        Default: all, bad ones too, which the formats mark.
    overwrite : bool
        Replace an export that is there.
    progress : Progress, optional
        Default: silent.

    Returns
    -------
    Exported

    Raises
    ------
    UnknownCellError, OptionError
        There can be no such cell, format, data type or channels.
    MissingFileError
        The cell has not been built, or the folder for the output is not there.
    MissingPackageError
        The format needs the extra ``nwb``.
    StaleOutputError
        Something is there already.
    SpaceError, AccessError
        The disk has too little room, or cannot be written.
    OutputError
        A file of the cell is damaged, or what was written is read back differently.

    Examples
    --------
    >>> import spe1
    >>> exported = spe1.export("c14", "binary", "c14_binary", root="spe1")
    >>> exported.dtype, exported.uV_per_bit, len(exported.channel_ids)
    ('int16', 0.03125, 384)

    It is the recording, to half a count:

    >>> import numpy as np
    >>> counts = np.fromfile("c14_binary/recording.dat", "<i2").reshape(-1, 384)
    >>> traces_uV = spe1.open_recording("c14").get_traces()
    >>> bool(np.abs(counts * exported.uV_per_bit - traces_uV).max() <= exported.uV_per_bit / 2)
    True

    Channels around the soma, for Phy:

    >>> spe1.export("c14", "phy", "c14_phy", channels=range(140, 204)).n_spikes > 0
    True
    """
    _require_known(to, dtype)
    place = local_path(output, "output").absolute()
    for name in _PACKAGES.get(to, ()):
        require_package(name)
    source = open_source(cell, root, channels)
    _require_free(place, source.folder, to, overwrite=overwrite)
    reports = progress or Silent()
    with translated_os_errors(
        place.parent,
        full="The disk is full; what was exported has been removed.",
        do_full=f"free some room, or {_ELSEWHERE}",
        do_access=f"make that folder writable, or {_ELSEWHERE}",
    ):
        _require_room(place, source, to, dtype)
        with _alone(place):
            _require_free(place, source.folder, to, overwrite=overwrite)
            return _write(place, source, to, dtype, reports)


def output_name(cell_id: str, to: Format) -> str:
    """Name of a cell's export among others.

    >>> output_name("c14", "nwb"), output_name("c14", "phy")
    ('c14.nwb', 'c14_phy')
    """
    return cell_id + _FILE_ENDS.get(to, f"_{to}")


def _write(
    place: Path, source: CellSource, to: Format, dtype: SampleType, progress: Progress
) -> Exported:
    module, name = _WRITERS[to]
    write = getattr(importlib.import_module(module), name)
    if to == "spikelab":
        with replacing(place) as partial:
            write(partial, source)
        return source.told(to, place, None, None)
    signal = make_signal(source.recording, dtype, progress)
    if to in _FILE_ENDS:
        with replacing(place) as partial:
            digest = write(partial, source, signal, progress)
        return source.told(to, place, signal, digest)
    with replacing_folder(place) as partial:
        digest = write(partial, source, signal, progress)
        exported = source.told(to, place, signal, digest)
        (partial / RECORD_NAME).write_text(exported.model_dump_json(indent=1), encoding="utf-8")
    return exported


def _require_known(to: Any, dtype: Any) -> None:
    for value, known, where in ((to, FORMATS, "to"), (dtype, SAMPLE_TYPES, "dtype")):
        if not isinstance(value, str) or value not in known:
            raise OptionError(
                "There is no such format." if where == "to" else "There is no such data type.",
                where=where,
                expected=" or ".join(map(repr, known)),
                got=f"{value!r:.200}",
                do="take one of these",
            )


def _require_free(place: Path, cell: Path, to: Format, *, overwrite: bool) -> None:
    """Refuse a place that is not to be written, or not to be replaced."""
    if not place.parent.is_dir():
        raise MissingFileError(
            "The folder for the export is not there.",
            where=place.parent,
            do="make it, or name another place",
        )
    if place.resolve().is_relative_to(cell) or cell.is_relative_to(place.resolve()):
        raise OptionError(
            "An export does not go into the cell that it is of, nor in its place.",
            where=place,
            do="name another place",
        )
    if not place.exists():
        return
    if not overwrite:
        raise StaleOutputError(
            "There is something already.",
            where=place,
            do="name another place, or replace it (overwrite=True, --force)",
        )
    # A folder of somebody's, named by mistake, is not removed.
    is_export = place.is_file() if to in _FILE_ENDS else (place / RECORD_NAME).is_file()
    if not is_export:
        raise StaleOutputError(
            "What is there is no export of this kind; it is not replaced.",
            where=place,
            expected="a file" if to in _FILE_ENDS else f"a folder with {RECORD_NAME}",
            do="name another place, or remove it yourself",
        )


def _require_room(place: Path, source: CellSource, to: Format, dtype: SampleType) -> None:
    n_bytes = _SMALL_BYTES
    if to != "spikelab":
        n_bytes += Signal(source.recording, dtype, 1.0).n_bytes
    require_space(place.parent, n_bytes, f"the export of {source.metadata.cell_id}", do=_ELSEWHERE)


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Against a second export to the same place at the same time."""
    lock = place.with_name(f".{place.name}.lock")
    with held_lock(lock, place.name):
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)
