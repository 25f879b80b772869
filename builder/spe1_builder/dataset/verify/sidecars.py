"""The arrays, statistics and picture of a cell: by themselves, and with the metadata."""

from __future__ import annotations

import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from spe1_builder.constants import N_CHANNELS, NPX_RATE_HZ
from spe1_builder.dataset.metadata import ConversionMetadata
from spe1_builder.dataset.plan.options import Window
from spe1_builder.dataset.verify.report import Report, listing
from spe1_builder.signal.template import MIN_SPIKES, Template

_Arrays = Mapping[str, tuple[str, tuple[int | None, ...]]]

#: name -> (dtype, shape); None stands for any length.
TEMPLATE_ARRAYS: _Arrays = {
    "templates": ("float32", (1, None, N_CHANNELS)),
    "sampling_frequency": ("float64", ()),
    "probe_positions": ("float32", (N_CHANNELS, 2)),
    "nbefore": ("int64", ()),
    "nafter": ("int64", ()),
}
PATCH_ARRAYS: _Arrays = {
    "patch_v": ("float32", (None,)),
    "t_patch_s": ("float64", (None,)),
    "spike_times_s": ("float64", (None,)),
    "patch_type": ("str", ()),
    "clamp": ("str", ()),
    "patch_units": ("str", ()),
    "cell_id": ("str", ()),
    "window_start_s": ("float64", ()),
}
#: What numpy and zipfile raise on files that are something else, or cut, or mangled.
_NPZ_ERRORS = (
    OSError,
    ValueError,
    LookupError,
    EOFError,
    TypeError,
    OverflowError,
    MemoryError,
    RuntimeError,
    SyntaxError,
    tokenize.TokenError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
#: The template is stored in float32 and was averaged over other ranges.
TEMPLATE_TOLERANCE_UV = 1e-3
#: Times differ from an even grid, and spikes from whole samples, by rounding only.
_TIME_TOLERANCE_S = 1e-6
_SAMPLE_TOLERANCE = 1e-6
_PIECE_SAMPLES = 1_000_000
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_END = b"\0\0\0\0IEND\xaeB`\x82"


def read_arrays(path: Path, wanted: _Arrays, where: str, report: Report) -> dict[str, np.ndarray]:
    """Arrays of an ``.npz``, those of the wanted dtype and shape; findings for the others."""
    arrays = {}
    try:
        # Opened here, because np.load leaves a file open that is no archive.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            report.equal(where, "keys", sorted(wanted), sorted(archive.files))
            for name in [name for name in wanted if name in archive.files]:
                array = archive[name]
                dtype, shape = wanted[name]
                is_kind = array.dtype.kind == "U" if dtype == "str" else array.dtype == dtype
                fits = len(array.shape) == len(shape) and all(
                    length in (None, got) for length, got in zip(shape, array.shape, strict=True)
                )
                if is_kind and fits:
                    arrays[name] = array
                else:
                    report.add(
                        where,
                        f"dtype and shape of {name}",
                        expected=f"{dtype} {str(shape).replace('None', 'n')}",
                        got=f"{array.dtype} {array.shape}",
                    )
    except _NPZ_ERRORS as error:
        report.add(where, "not an .npz archive that loads without pickle", got=error)
    return arrays


def check_templates(
    arrays: Mapping[str, np.ndarray], metadata: ConversionMetadata, where: str, report: Report
) -> None:
    """``templates.npz`` with the metadata: the window, the peak channel, the target."""
    template = metadata.template_metadata
    for name, expected in (
        ("sampling_frequency", NPX_RATE_HZ),
        ("nbefore", template.nbefore),
        ("nafter", template.nafter),
    ):
        if name in arrays:
            report.equal(where, name, expected, arrays[name].item())
    if template.n_spikes_used < MIN_SPIKES:
        report.add(
            where, "spikes of the template", expected="2 or more", got=template.n_spikes_used
        )
    if "probe_positions" in arrays:
        x_um, y_um = arrays["probe_positions"][metadata.gt_electrode_chan_idx].tolist()
        target, got = [x_um, y_um, 0.0], metadata.unit_locations_um["0"]
        report.equal(where, "position of gt_electrode_chan_idx, unit_locations_um", target, got)
    if "templates" not in arrays:
        return
    mean_uV = arrays["templates"][0]
    report.equal(where, "samples", template.nbefore + template.nafter, len(mean_uV))
    if not np.isfinite(mean_uV).all():
        report.add(where, "values of templates", expected="finite", got="NaN or infinity")
    elif mean_uV.size:
        found = Template(mean_uV, 0, len(mean_uV), 0, 0)
        bad = tuple(channel for channel in metadata.bad_channel_ids if channel < N_CHANNELS)
        peak = found.peak_channel(bad)
        report.equal(where, "unit_peak_channel", peak, metadata.peak_channel)


def check_template_mean(
    arrays: Mapping[str, np.ndarray], mean_uV: np.ndarray, n_used: int, where: str, report: Report
) -> None:
    """The template against the mean over the rows' spikes: float64 (n_samples, N_CHANNELS)."""
    stored_uV = arrays.get("templates")
    if stored_uV is None or stored_uV.shape[1:] != mean_uV.shape or not n_used:
        return
    off_uV = np.abs(stored_uV[0] - mean_uV)
    if not off_uV.max() <= TEMPLATE_TOLERANCE_UV:
        channel = int(off_uV.max(axis=0).argmax())
        report.add(
            where,
            "template against the mean over the rows' spikes",
            expected=f"within {TEMPLATE_TOLERANCE_UV} uV",
            got=f"{off_uV.max():.3g} uV off on channel {channel}, {n_used} spikes",
        )


def check_patch(
    arrays: Mapping[str, np.ndarray],
    metadata: ConversionMetadata,
    window: Window,
    where: str,
    report: Report,
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
            report.equal(where, name, expected, arrays[name].item())
    if not patch.rate_hz >= 1:
        return  # a finding of the metadata; no clock follows from it
    duration_s = window.n_samples / NPX_RATE_HZ
    trace, times_s = arrays.get("patch_v"), arrays.get("t_patch_s")
    if trace is not None:
        n_expected = duration_s * patch.rate_hz
        if not abs(len(trace) - n_expected) <= 1:
            report.add(where, "samples of patch_v", expected=f"{n_expected:.0f}", got=len(trace))
        pieces = (trace[i : i + _PIECE_SAMPLES] for i in range(0, len(trace), _PIECE_SAMPLES))
        if not all(np.isfinite(piece).all() for piece in pieces):
            report.add(where, "values of patch_v", expected="finite", got="NaN or infinity")
    if times_s is not None:
        if trace is not None:
            report.equal(where, "length of t_patch_s", len(trace), len(times_s))
        _check_times(times_s, patch.rate_hz, duration_s, where, report)


def _check_times(
    times_s: np.ndarray, rate_hz: float, duration_s: float, where: str, report: Report
) -> None:
    """An even grid at the patch rate that starts and ends with the window."""
    if not len(times_s):
        return
    first_s, last_s = times_s[[0, -1]].tolist()
    starts = 0 <= first_s < 1 / rate_hz + _TIME_TOLERANCE_S
    ends = duration_s - 1 / rate_hz - _TIME_TOLERANCE_S <= last_s < duration_s
    if not (starts and ends):
        expected, got = f"the whole of [0, {duration_s:g}) s", f"{first_s} to {last_s} s"
        report.add(where, "range of t_patch_s", expected=expected, got=got)
    for first in range(0, len(times_s), _PIECE_SAMPLES):
        piece = times_s[first : first + _PIECE_SAMPLES]
        grid_s = first_s + np.arange(first, first + len(piece)) / rate_hz
        is_off = ~(np.abs(piece - grid_s) <= _TIME_TOLERANCE_S)
        if is_off.any():
            at = int(is_off.argmax())
            report.add(
                where,
                "t_patch_s as an even, ascending grid",
                expected=f"{grid_s[at]:.7f} s at sample {first + at}",
                got=f"{piece[at]:.7f} s",
            )


def patch_spikes(
    arrays: Mapping[str, np.ndarray], window: Window, where: str, report: Report
) -> np.ndarray | None:
    """Spikes of ``patch.npz``, samples of the window: int64 (n,); None if they are unusable."""
    times_s = arrays.get("spike_times_s")
    if times_s is None:
        return None
    samples = times_s * NPX_RATE_HZ
    ticks = np.rint(samples)
    # NaN fails these comparisons too.
    if not (np.abs(samples - ticks) <= _SAMPLE_TOLERANCE).all():
        report.add(where, "spike_times_s", expected="whole samples at 30 kHz")
    elif not ((ticks >= 0) & (ticks < window.n_samples)).all():
        report.add(where, "spike_times_s", expected="within the window")
    elif (np.diff(ticks) <= 0).any():
        report.add(where, "spike_times_s", expected="strictly ascending")
    else:
        return ticks.astype(np.int64)
    return None


def check_spikes(rows: np.ndarray, patch: np.ndarray, where: str, report: Report) -> None:
    """The same spikes in the rows and in ``patch.npz``: int64 (n,), samples of the window."""
    if np.array_equal(rows, patch):
        return
    ours, theirs = np.setdiff1d(rows, patch), np.setdiff1d(patch, rows)
    report.add(
        where,
        "spike_times_s against the spikes of the rows",
        expected=f"the same {len(rows)} spikes",
        got=f"{len(patch)}; not here {listing(ours[:5])}; only here {listing(theirs[:5])}",
    )


def check_picture(path: Path, where: str, report: Report) -> None:
    """A PNG: signature, header with a size and the right checksum, end."""
    try:
        data = path.read_bytes()
    except OSError as error:
        report.add(where, "cannot be read", got=error)
        return
    header = data[8:33]
    is_png = data.startswith(_PNG_SIGNATURE) and header[:8] == b"\0\0\0\rIHDR" and len(header) == 25
    if not is_png or not data.endswith(_PNG_END):
        report.add(where, "not a whole PNG", got=f"{len(data)} bytes, the first {data[:8]!r}")
        return
    width, height = struct.unpack(">II", header[8:16])
    has_sum = struct.unpack(">I", header[21:])[0] == zlib.crc32(header[4:21])
    if not (width and height and has_sum):
        report.add(where, "header of the PNG", got=f"{width} x {height}, checksum {has_sum}")
