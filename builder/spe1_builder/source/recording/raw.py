"""The raw files of one cell: found, checked against each other, read by range."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spe1_builder.cells import get_cell
from spe1_builder.constants import N_CHANNELS, NPX_RATE_HZ
from spe1_builder.errors import PatchTraceError, RawDataError
from spe1_builder.layout import RawLayout
from spe1_builder.lengths import NPX_SAMPLE_BYTES, PATCH_SAMPLE_BYTES, StreamLengths
from spe1_builder.source.recording.expt_meta import read_meta_shapes
from spe1_builder.source.recording.files import find_files

#: NPX samples by which the length may differ from the patch trace's by the summary's rate,
#: when no description tells the lengths. In all 43 cells of the release the patch length
#: divided by that rate is a whole number of NPX samples to 1e-7; half a sample leaves room
#: for a rounded patch length, and none for a recording that is one sample short.
LENGTH_TOLERANCE_SAMPLES = 0.5
#: The same as a share of the length, when the description has confirmed both lengths:
#: only files of two different cells are that far apart.
RATE_TOLERANCE = 1e-4
#: No patch trace in pA or mV goes beyond this: seal tests reach 20,000 pA. Bytes in the
#: wrong order, or of another type, give values of every order of magnitude.
MAX_PATCH_VALUE = 1e7
#: No part of a trace in pA or mV comes near this: one whose bytes are turned round, or in A or V.
MIN_PATCH_VALUE = 1e-6
#: Patch samples held at a time (8 MB); memory does not grow with the recording.
PATCH_CHUNK_SAMPLES = 1_000_000


@dataclass(frozen=True)
class RawCell:
    """A cell whose raw files are present, whole and consistent.

    Attributes
    ----------
    cell_id : str
    npx_path, patch_path : Path
    spikes_path : Path or None
        ``*_wc_spike_samples.npy`` where the release has it.
    files : dict of str to Path
        Every raw file found, by the keys of `spe1_builder.layout.RAW_SUFFIXES`.
    n_npx, n_patch : int
        Samples of the two streams, which start and end together.
    """

    cell_id: str
    npx_path: Path
    patch_path: Path
    spikes_path: Path | None
    files: dict[str, Path]
    n_npx: int
    n_patch: int

    @property
    def lengths(self) -> StreamLengths:
        return StreamLengths(self.n_npx, self.n_patch)

    @property
    def patch_rate_hz(self) -> float:
        """True patch rate on the NPX clock: the ratio of the two lengths."""
        return self.n_patch * NPX_RATE_HZ / self.n_npx

    def npx_sample(self, patch_sample: np.ndarray) -> np.ndarray:
        """Patch sample indices to NPX samples, in exact integer arithmetic (rounded down)."""
        return np.asarray(patch_sample, dtype=np.int64) * self.n_npx // self.n_patch

    def first_patch_sample(self, npx_sample: int) -> int:
        """The first patch sample that is not before an NPX sample."""
        return -(-npx_sample * self.n_patch // self.n_npx)

    def read_counts(self, start: int, stop: int, out: np.ndarray | None = None) -> np.ndarray:
        """NPX samples as stored.

        Reads instead of mapping, so that resident memory does not grow.

        Parameters
        ----------
        start, stop : int
            Samples, within [0, n_npx].
        out : np.ndarray, optional
            int16, C order, (n, N_CHANNELS) with n at least stop - start, to read into.

        Returns
        -------
        np.ndarray
            int16 (stop - start, N_CHANNELS), ADC counts.
        """
        if out is None:
            out = np.empty((stop - start, N_CHANNELS), dtype="<i2")
        counts = out[: stop - start]
        read_exactly(self.npx_path, start * NPX_SAMPLE_BYTES, counts)
        return counts

    def read_patch(self, start: int, stop: int) -> np.ndarray:
        """Patch samples as stored: float64 (stop - start,), pA or mV by the Patch Type."""
        patch = np.empty(stop - start, dtype="<f8")
        read_exactly(self.patch_path, start * PATCH_SAMPLE_BYTES, patch)
        return patch

    def patch_ranges(self) -> Iterator[tuple[int, int]]:
        """Consecutive (start, stop) that cover the patch trace in bounded pieces."""
        for start in range(0, self.n_patch, PATCH_CHUNK_SAMPLES):
            yield start, min(start + PATCH_CHUNK_SAMPLES, self.n_patch)


def read_exactly(path: Path, offset: int, target: np.ndarray) -> None:
    """Fill an array from a byte of a file on.

    Raises
    ------
    RawDataError
        The file ends before.
    """
    view = target.data.cast("B")
    with path.open("rb", buffering=0) as file:
        file.seek(offset)
        done = 0
        while done < len(view):
            n = file.readinto(view[done:])
            if not n:
                raise RawDataError(
                    "A raw file ended early: it was cut while it was being read.",
                    where=path,
                    expected=f"{offset + len(view)} bytes",
                    got=f"{offset + done} bytes",
                    do="fetch the file again, then build again",
                )
            done += n


def open_raw_cell(
    raw_dir: Path,
    cell_id: str,
    *,
    patch_rate_hz: float | None = None,
    cell_dir: Path | None = None,
) -> RawCell:
    """Find a cell's raw files and check them against each other.

    Parameters
    ----------
    raw_dir : Path
        Folder that holds ``Recordings/cXX/``.
    cell_id : str
    patch_rate_hz : float, optional
        The summary's patch rate, to hold the two lengths to; the catalogue's if left out.
    cell_dir : Path, optional
        The cell's own folder, where it is not ``Recordings/cXX``.

    Raises
    ------
    MissingFileError
        The folder, the recording or the patch trace is not there.
    RawDataError
        A size is not a whole number of samples, differs from ``expt_meta.csv``,
        or the two lengths disagree with the patch rate.
    """
    folder = Path(cell_dir) if cell_dir is not None else RawLayout(Path(raw_dir)).cell_dir(cell_id)
    files = find_files(folder, cell_id)
    n_npx = _count_samples(files["npx_raw"], NPX_SAMPLE_BYTES, f"{N_CHANNELS} channels x 2 bytes")
    n_patch = _count_samples(files["patch"], PATCH_SAMPLE_BYTES, "8 bytes")
    raw = RawCell(
        cell_id=cell_id,
        npx_path=files["npx_raw"],
        patch_path=files["patch"],
        spikes_path=files.get("spikes"),
        files=files,
        n_npx=n_npx,
        n_patch=n_patch,
    )
    if "meta" in files:
        _check_against_meta(files["meta"], raw)
    _check_lengths(raw, folder, patch_rate_hz or get_cell(cell_id).patch_rate_hz)
    return raw


def _check_lengths(raw: RawCell, folder: Path, patch_rate_hz: float) -> None:
    """The two recordings cover the same time, by the patch rate of the summary."""
    expected = raw.n_patch * NPX_RATE_HZ / patch_rate_hz
    has_meta = "meta" in raw.files
    tolerance = RATE_TOLERANCE * expected if has_meta else LENGTH_TOLERANCE_SAMPLES
    if not abs(raw.n_npx - expected) <= tolerance:
        raise RawDataError(
            f"The two recordings of {raw.cell_id} do not cover the same time.",
            where=folder,
            expected=f"{expected:.1f} NPX samples for {raw.n_patch} patch samples "
            f"at {patch_rate_hz:.4f} Hz (Data Summary)",
            got=f"{raw.n_npx} NPX samples"
            + ("" if has_meta else "; expt_meta.csv, which tells the lengths, is missing"),
            do="one of the two files is cut short or of another cell: fetch both again",
        )


def _count_samples(path: Path, sample_bytes: int, meaning: str) -> int:
    size = path.stat().st_size
    if size == 0 or size % sample_bytes:
        raise RawDataError(
            "A raw file does not hold a whole number of samples: it is cut short, "
            "or has another number of channels.",
            where=path,
            expected=f"a multiple of {sample_bytes} bytes ({meaning})",
            got=f"{size} bytes, {size % sample_bytes} left over",
            do="fetch the file again",
        )
    return size // sample_bytes


def _check_against_meta(path: Path, raw: RawCell) -> None:
    npx_shape, patch_shape = read_meta_shapes(path)
    facts = (
        (raw.npx_path, npx_shape, (N_CHANNELS, raw.n_npx), "channels x samples"),
        (raw.patch_path, patch_shape, (raw.n_patch,), "samples"),
    )
    for file, written, found, meaning in facts:
        if written != found:
            raise RawDataError(
                "A raw file is not as long as the recording's own description says.",
                where=file,
                expected=f"{meaning} {written} ({path.name})",
                got=f"{meaning} {found}",
                do="the file is cut short, has another number of channels, or belongs to another "
                "cell: fetch it again",
            )


def check_patch_values(raw: RawCell) -> None:
    """Read the whole patch trace: finite, of a possible size, and not all the same.

    Raises
    ------
    PatchTraceError
        NaN, infinity, values beyond `MAX_PATCH_VALUE`, one value throughout, or none as large
        as `MIN_PATCH_VALUE`.
    """
    low, high = np.inf, -np.inf
    for start, stop in raw.patch_ranges():
        patch = raw.read_patch(start, stop)
        is_bad = ~np.isfinite(patch)
        if is_bad.any():
            raise PatchTraceError(
                f"The patch trace of {raw.cell_id} holds values that are no numbers.",
                where=raw.patch_path,
                expected="finite float64",
                got=f"{patch[is_bad][0]} at sample {start + int(is_bad.argmax())}",
                do="fetch the file again",
            )
        low, high = min(low, patch.min()), max(high, patch.max())
        if max(-low, high) > MAX_PATCH_VALUE:
            raise PatchTraceError(
                f"The patch trace of {raw.cell_id} holds values that no amplifier gives.",
                where=raw.patch_path,
                expected=f"little-endian float64 within {MAX_PATCH_VALUE:g} (pA or mV)",
                got=f"{max(-low, high):.3g} before sample {stop}",
                do="the bytes are in another order or of another type: fetch the file again",
            )
    if low < high and max(-low, high) < MIN_PATCH_VALUE:
        raise PatchTraceError(
            f"The patch trace of {raw.cell_id} holds values that no amplifier gives.",
            where=raw.patch_path,
            expected=f"little-endian float64 beyond {MIN_PATCH_VALUE:g} somewhere (pA or mV)",
            got=f"at most {max(-low, high):.3g}",
            do="the bytes are in another order, or the unit is A or V: fetch the file again",
        )
    if low == high:
        raise PatchTraceError(
            f"The patch trace of {raw.cell_id} is constant: nothing was recorded in it.",
            where=raw.patch_path,
            got=f"{low} throughout",
            do="fetch the file again",
        )
