"""Waveforms of a cell's spikes, from its Arrow rows or from the raw archive."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from spe1_builder.benchmark.common.bounded import read_arrays
from spe1_builder.benchmark.common.inputs import CellInput
from spe1_builder.constants import N_CHANNELS, NPX_RATE_HZ
from spe1_builder.errors import MissingFileError, OutputError
from spe1_builder.layout import DATASET_DICT_NAME, PATCH_NAME
from spe1_builder.source.recording.raw import RawCell, open_raw_cell

#: The trace and the times of two hours: 12 bytes at 50 kHz.
_MOST_PATCH_BYTES = 4_400_000_000


class Traces(Protocol):
    """Preprocessed traces of an analysis window."""

    def read(self, start: int, stop: int) -> np.ndarray:
        """Samples [start, stop) of the window: float32 (N_CHANNELS, stop - start), uV."""
        ...


@dataclass(frozen=True)
class _Rows:
    """The cell's own rows."""

    traces: object

    def read(self, start: int, stop: int) -> np.ndarray:
        return self.traces.read_uV(start, stop)  # type: ignore[attr-defined]


class _Raw:
    """The raw archive, preprocessed anew; the same values."""

    def __init__(self, raw: RawCell, start: int):
        from spe1_builder.signal.bandpass.preprocess import make_preprocessor

        self._preprocessor, self._start = make_preprocessor(raw), start

    def read(self, start: int, stop: int) -> np.ndarray:
        return self._preprocessor.read(self._start + start, self._start + stop)


def open_traces(cell: CellInput, raw_dir: Path | None = None) -> Traces:
    """The traces of a cell: its rows if they are there, else the raw archive.

    Raises
    ------
    MissingFileError
        Neither is there.
    Spe1Error
        The rows or the raw files are damaged.
    """
    from spe1_builder.reading.traces import CellTraces

    if (cell.folder / DATASET_DICT_NAME).is_file():
        return _Rows(CellTraces(cell.folder))
    if raw_dir is not None and cell.metadata is not None:
        return _Raw(open_raw(cell, raw_dir), cell.metadata.analysis_window.start_sample)
    raise MissingFileError(
        f"The rows of {cell.cell_id} are not here, and spikes are read from them.",
        where=cell.folder / DATASET_DICT_NAME,
        do="fetch or build the whole cell, name the raw archive with --raw-dir, "
        "or leave out --with-spikes",
    )


def open_raw(cell: CellInput, raw_dir: Path) -> RawCell:
    """The raw files that a cell was built from.

    Raises
    ------
    MissingFileError
        They are not there.
    RawDataError, OutputError
        They contradict each other, or are not those the cell was built from.
    """
    raw = open_raw_cell(raw_dir, cell.cell_id)
    if cell.metadata is not None:
        sizes = {file.role: file.size for file in cell.metadata.provenance.raw_files}
        size = raw.npx_path.stat().st_size
        if sizes.get("npx_raw", size) != size:
            raise OutputError(
                f"{cell.cell_id} was built from another recording than the archive holds.",
                where=raw.npx_path,
                expected=f"{sizes['npx_raw']} bytes",
                got=f"{size} bytes",
                do="name the archive that it was built from (--raw-dir), or build it again",
            )
    return raw


def read_window_spikes(cell: CellInput) -> np.ndarray:
    """Samples of the ground-truth spikes: of ``patch.npz``, else of the rows' ``ctt``.

    The public conversion ships no ``patch.npz``.

    Returns
    -------
    np.ndarray
        int64 (n_spikes,), samples of the analysis window, ascending.

    Raises
    ------
    MissingFileError
        Neither is there.
    OutputError
        It cannot be read.
    """
    has_patch = (cell.folder / PATCH_NAME).is_file()
    if not has_patch and (cell.folder / DATASET_DICT_NAME).is_file():
        return _window_spikes_of_rows(cell)
    times_s = read_patch_arrays(cell, "spike_times_s")[0]
    n_samples = window_samples(cell)
    window_spikes = np.rint(times_s * NPX_RATE_HZ)
    if ((window_spikes < 0) | (window_spikes >= n_samples)).any() or (np.diff(times_s) < 0).any():
        raise OutputError(
            f"The spike times of {PATCH_NAME} do not ascend within the analysis window.",
            where=cell.folder / PATCH_NAME,
            expected=f"ascending, from 0 to {n_samples / NPX_RATE_HZ:g} s",
            do="build the cell again (spe1 build --force), or fetch the file again",
        )
    return window_spikes.astype(np.int64)


def _window_spikes_of_rows(cell: CellInput) -> np.ndarray:
    from spe1_builder.reading.arrays import load

    window_spikes = [
        int(row["sample_id"]) + round(time_ms * NPX_RATE_HZ / 1000.0)
        for split in load(cell.cell_id, cell.folder.parent).values()
        for row in split.select_columns(["sample_id", "ctt"])
        for times_ms in row["ctt"]
        for time_ms in times_ms
    ]
    return np.array(sorted(window_spikes), dtype=np.int64)


def read_patch_arrays(cell: CellInput, *names: str) -> list[np.ndarray]:
    """Arrays of ``patch.npz``, by name; exceptions as `read_window_spikes`."""
    path = cell.folder / PATCH_NAME
    if not path.is_file():
        raise MissingFileError(
            f"{PATCH_NAME} of {cell.cell_id} is missing, and it holds the spike times.",
            where=path,
            do="build the cell with spe1 build",
        )
    arrays = [*read_arrays(path, names, _MOST_PATCH_BYTES).values()]
    for name, values in zip(names, arrays, strict=True):
        if values.ndim != 1 or values.dtype.kind not in "fiu" or not np.isfinite(values).all():
            raise OutputError(
                f"{name} of {PATCH_NAME} is no list of numbers.",
                where=path,
                expected="finite numbers in one dimension",
                got=f"{values.dtype} {values.shape}",
                do="build the cell again (spe1 build --force), or fetch the file again",
            )
    return arrays


def whole_spikes(
    window_spikes: np.ndarray, n_samples: int, n_before: int, n_after: int
) -> np.ndarray:
    """The spikes whose samples [-n_before, n_after) lie in the analysis window.

    Parameters
    ----------
    window_spikes : np.ndarray
        int64 (n_spikes,), samples of the analysis window.
    n_samples : int
        Length of the analysis window.
    n_before, n_after : int
        Samples.
    """
    is_whole = (window_spikes >= n_before) & (window_spikes + n_after <= n_samples)
    return window_spikes[is_whole]


def window_samples(cell: CellInput) -> int:
    """Length of the analysis window, from the metadata or the rows."""
    if cell.metadata is not None:
        return cell.metadata.analysis_window.n_samples
    from spe1_builder.reading.traces import CellTraces

    return CellTraces(cell.folder).last


def read_windows(
    traces: Traces, window_spikes: np.ndarray, n_before: int, n_after: int, n_threads: int = 1
) -> np.ndarray:
    """Windows around spikes, on every channel.

    Parameters
    ----------
    traces : Traces
    window_spikes : np.ndarray
        int64 (n_spikes,), samples of the analysis window, all of them whole.
    n_before, n_after : int
        Samples.
    n_threads : int
        Decides the speed only.

    Returns
    -------
    np.ndarray
        float32 (n_spikes, n_before + n_after, N_CHANNELS), uV: 46 kB a spike and ms.
    """
    windows = np.empty((len(window_spikes), n_before + n_after, N_CHANNELS), dtype=np.float32)

    def fill(i: int) -> None:
        spike = int(window_spikes[i])
        windows[i] = traces.read(spike - n_before, spike + n_after).T

    with ThreadPoolExecutor(n_threads) as pool:
        for _ in pool.map(fill, range(len(window_spikes))):
            pass
    return windows
