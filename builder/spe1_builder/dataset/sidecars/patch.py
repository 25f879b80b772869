"""``patch.npz``: the patch trace of the analysis window and the spike times."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.dataset.findings import Place, listing
from spe1_builder.dataset.metadata import ConversionMetadata
from spe1_builder.dataset.plan.window import Window
from spe1_builder.dataset.sidecars.facts import CellFacts
from spe1_builder.dataset.sidecars.npz import Arrays, read_arrays
from spe1_builder.dataset.sidecars.sidecar import CheckedCell, RowTotals, Sidecar
from spe1_builder.layout import PATCH_NAME

ARRAYS: Arrays = {
    "patch_v": ("float32", (None,)),
    "t_patch_s": ("float64", (None,)),
    "spike_times_s": ("float64", (None,)),
    "patch_type": ("str", ()),
    "clamp": ("str", ()),
    "patch_units": ("str", ()),
    "cell_id": ("str", ()),
    "window_start_s": ("float64", ()),
}
#: Since data 1.2.0.
ADDED: Arrays = {"spike_patch_indices": ("int64", (None,))}
#: Versions of the data without it.
_OLDER_DATA = ("1.0.", "1.1.")
#: Of what `check_patch` returns: times of the patch samples that the spikes were found at.
_PATCH_TIMES = "spike_patch_times_s"
#: Patch samples copied or checked at a time.
_PIECE_SAMPLES = 1_000_000
#: Times differ from an even grid, and spikes from whole samples, by rounding only.
_TIME_TOLERANCE_S = 1e-6
_SAMPLE_TOLERANCE = 1e-6


def write_patch(path: Path, facts: CellFacts) -> None:
    """Write the trace, its times and the spikes.

    The two long arrays are streamed, so that memory stays flat.
    """
    plan = facts.plan
    window, patch_type = plan.patch, plan.inputs.patch_type
    ranges = [
        (first, min(first + _PIECE_SAMPLES, window.last))
        for first in range(window.first, window.last, _PIECE_SAMPLES)
    ]
    traces = (window.raw.read_patch(*piece).astype(np.float32) for piece in ranges)
    times_s = (window.times_s(*piece) for piece in ranges)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        _stream_array(archive, "patch_v", np.dtype(np.float32), len(window), traces)
        _stream_array(archive, "t_patch_s", np.dtype(np.float64), len(window), times_s)
        small = {
            "spike_times_s": plan.window_spikes / NPX_RATE_HZ,
            "patch_type": np.array(patch_type.public_name),
            "clamp": np.array(patch_type.clamp),
            "patch_units": np.array(patch_type.units),
            "cell_id": np.array(plan.cell_id),
            "window_start_s": np.array(window.start / NPX_RATE_HZ),
            "spike_patch_indices": plan.spike_patch_indices,
        }
        for name, array in small.items():
            # ZipInfo of a bare name has a fixed date, so that the bytes repeat.
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w") as file:
                np.lib.format.write_array(file, np.asarray(array), allow_pickle=False)


def _stream_array(
    archive: zipfile.ZipFile, name: str, dtype: np.dtype, length: int, pieces: Iterator[np.ndarray]
) -> None:
    header = {
        "descr": np.lib.format.dtype_to_descr(dtype),
        "fortran_order": False,
        "shape": (length,),
    }
    with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as file:
        np.lib.format.write_array_header_1_0(file, header)
        for piece in pieces:
            file.write(piece.data.cast("B"))


def has_patch_indices(metadata: ConversionMetadata) -> bool:
    """Whether the cell was built since `ADDED` is in the file."""
    return not metadata.provenance.data_version.startswith(_OLDER_DATA)


def check_patch(path: Path, cell: CheckedCell) -> dict[str, np.ndarray]:
    """Hold the arrays to the metadata; returns the spike times on both clocks, where usable."""
    found = cell.at(PATCH_NAME)
    wanted = {**ARRAYS, **ADDED} if has_patch_indices(cell.metadata) else ARRAYS
    arrays = read_arrays(path, wanted, found)
    if cell.window is not None:
        _check_with_metadata(arrays, cell.metadata, cell.window, found)
    # The trace is large, and nothing else is asked of it.
    usable = {key: arrays[key] for key in ("spike_times_s",) if key in arrays}
    indices = arrays.get("spike_patch_indices")
    if indices is None or cell.report.has(found.where):
        return usable
    times_s, n_spikes = arrays["t_patch_s"], cell.metadata.n_spikes_total
    if found.equal("length of spike_patch_indices", n_spikes, len(indices)):
        if ((indices >= 0) & (indices < len(times_s))).all():
            usable[_PATCH_TIMES] = times_s[indices]
        else:
            found.add("spike_patch_indices", expected="within the patch trace")
    return usable


def check_against_rows(
    arrays: Mapping[str, np.ndarray], cell: CheckedCell, rows: RowTotals
) -> None:
    """The same spikes as in the rows."""
    if cell.window is None:
        return
    found = cell.at(PATCH_NAME)
    window_spikes = _spikes_of(arrays, cell.window, found)
    if window_spikes is None:
        return
    if np.array_equal(rows.window_spikes, window_spikes):
        _check_patch_times(arrays.get(_PATCH_TIMES), window_spikes, found)
        return
    ours = np.setdiff1d(rows.window_spikes, window_spikes)
    theirs = np.setdiff1d(window_spikes, rows.window_spikes)
    found.add(
        "spike_times_s against the spikes of the rows",
        expected=f"the same {len(rows.window_spikes)} spikes",
        got=f"{len(window_spikes)}; not here {listing(ours[:5])}; only here {listing(theirs[:5])}",
    )


def _check_patch_times(times_s: np.ndarray | None, window_spikes: np.ndarray, found: Place) -> None:
    """Each patch sample that a spike was found at lies in the spike's sample of the window."""
    if times_s is None or len(times_s) != len(window_spikes):
        return
    within = times_s * NPX_RATE_HZ - window_spikes
    is_off = (within < -_SAMPLE_TOLERANCE) | (within >= 1 + _SAMPLE_TOLERANCE)
    if is_off.any():
        at = int(is_off.argmax())
        found.add(
            "spike_patch_indices, by t_patch_s",
            expected=f"spike {at} within sample {window_spikes[at]}",
            got=f"sample {times_s[at] * NPX_RATE_HZ:.3f}",
        )


def _check_with_metadata(
    arrays: Mapping[str, np.ndarray],
    metadata: ConversionMetadata,
    window: Window,
    found: Place,
) -> None:
    """``patch.npz`` with the metadata: the clock, the window, what the trace is in."""
    patch = metadata.patch
    for name, expected in (
        ("patch_type", patch.type),
        ("clamp", patch.clamp),
        ("patch_units", patch.units),
        ("cell_id", metadata.cell_id),
        ("window_start_s", window.start / NPX_RATE_HZ),
    ):
        if name in arrays:
            found.equal(name, expected, arrays[name].item())
    if not patch.rate_hz >= 1:
        return  # a finding of the metadata; no clock follows from it
    duration_s = window.n_samples / NPX_RATE_HZ
    trace, times_s = arrays.get("patch_v"), arrays.get("t_patch_s")
    if trace is not None:
        n_expected = duration_s * patch.rate_hz
        if not abs(len(trace) - n_expected) <= 1:
            found.add("samples of patch_v", expected=f"{n_expected:.0f}", got=len(trace))
        pieces = (trace[i : i + _PIECE_SAMPLES] for i in range(0, len(trace), _PIECE_SAMPLES))
        if not all(np.isfinite(piece).all() for piece in pieces):
            found.add("values of patch_v", expected="finite", got="NaN or infinity")
    if times_s is not None:
        if trace is not None:
            found.equal("length of t_patch_s", len(trace), len(times_s))
        _check_times(times_s, patch.rate_hz, duration_s, found)


def _check_times(times_s: np.ndarray, rate_hz: float, duration_s: float, found: Place) -> None:
    """An even grid at the patch rate that starts and ends with the window."""
    if not len(times_s):
        return
    first_s, last_s = times_s[[0, -1]].tolist()
    starts = 0 <= first_s < 1 / rate_hz + _TIME_TOLERANCE_S
    ends = duration_s - 1 / rate_hz - _TIME_TOLERANCE_S <= last_s < duration_s
    if not (starts and ends):
        expected, got = f"the whole of [0, {duration_s:g}) s", f"{first_s} to {last_s} s"
        found.add("range of t_patch_s", expected=expected, got=got)
    for first in range(0, len(times_s), _PIECE_SAMPLES):
        piece = times_s[first : first + _PIECE_SAMPLES]
        grid_s = first_s + np.arange(first, first + len(piece)) / rate_hz
        is_off = ~(np.abs(piece - grid_s) <= _TIME_TOLERANCE_S)
        if is_off.any():
            at = int(is_off.argmax())
            found.add(
                "t_patch_s as an even, ascending grid",
                expected=f"{grid_s[at]:.7f} s at sample {first + at}",
                got=f"{piece[at]:.7f} s",
            )


def _spikes_of(arrays: Mapping[str, np.ndarray], window: Window, found: Place) -> np.ndarray | None:
    """Spikes of ``patch.npz``, samples of the window: int64 (n,); None if they are unusable."""
    times_s = arrays.get("spike_times_s")
    if times_s is None:
        return None
    samples = times_s * NPX_RATE_HZ
    ticks = np.rint(samples)
    # NaN fails these comparisons too.
    if not (np.abs(samples - ticks) <= _SAMPLE_TOLERANCE).all():
        found.add("spike_times_s", expected="whole samples at 30 kHz")
    elif not ((ticks >= 0) & (ticks < window.n_samples)).all():
        found.add("spike_times_s", expected="within the window")
    elif (np.diff(ticks) <= 0).any():
        found.add("spike_times_s", expected="strictly ascending")
    else:
        return ticks.astype(np.int64)
    return None


PATCH = Sidecar(
    name=PATCH_NAME,
    holds="`patch_v` float32 [N] in `patch_units` (pA in voltage clamp, mV in current clamp); "
    "`t_patch_s`, `spike_times_s` in s on the Neuropixels clock from the start of the window, so "
    "that `t * 30000` is the sample index; `spike_patch_indices` int64: the spikes' own samples of "
    "`patch_v`; `patch_type`, `clamp`, `cell_id`, `window_start_s`",
    write=write_patch,
    check=check_patch,
    check_rows=check_against_rows,
)
