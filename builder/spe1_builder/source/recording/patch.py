"""The ground truth of a cell: when the patched neuron fired, on the NPX clock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spe1_builder.cells import PatchType
from spe1_builder.constants import NPX_RATE_HZ, SPIKE_SOURCES
from spe1_builder.errors import (
    MissingFileError,
    OptionError,
    RawDataError,
    SpikeIndexError,
)
from spe1_builder.source.recording.detection import detect_both_ways
from spe1_builder.source.recording.npy import read_npy
from spe1_builder.source.recording.raw import RawCell, check_patch_values

#: 8 million spikes; the release's longest list has 12,292.
MAX_SPIKES_BYTES = 64_000_000


@dataclass(frozen=True)
class GroundTruth:
    """Spikes of the patched neuron.

    Attributes
    ----------
    patch_samples : np.ndarray
        int64 (n_spikes,), patch samples of the whole recording, ascending.
    npx_samples : np.ndarray
        int64 (n_spikes,), the same on the NPX clock.
    source : str
        "file" or "detect".
    opposite_samples : np.ndarray or None
        int64 (n,), peaks of the other sign, where the spikes were detected.
    """

    patch_samples: np.ndarray
    npx_samples: np.ndarray
    source: str
    opposite_samples: np.ndarray | None = None

    def in_window(self, start: int, stop: int) -> np.ndarray:
        """Spikes of the NPX range [start, stop), counted from ``start``: int64 (n,)."""
        first, last = np.searchsorted(self.npx_samples, [start, stop])
        return self.npx_samples[first:last] - start


def find_ground_truth(raw: RawCell, patch_type: PatchType, source: str = "auto") -> GroundTruth:
    """Spikes by the wanted source.

    Parameters
    ----------
    raw : RawCell
    patch_type : PatchType
    source : {"auto", "file", "detect"}
        "auto" takes the release's ``wc_spike_samples.npy`` where it exists.

    Raises
    ------
    OptionError
        Unknown source.
    MissingFileError
        "file" was asked for and the cell has none.
    SpikeIndexError
        The file's indices are unusable.
    PatchTraceError
        The patch trace is constant or not finite.
    """
    if source not in SPIKE_SOURCES:
        raise OptionError(
            "There is no such spike source.",
            where="spike_source",
            expected=" or ".join(SPIKE_SOURCES),
            got=repr(source),
            do="leave it out for 'auto'",
        )
    if source == "file" and raw.spikes_path is None:
        raise MissingFileError(
            f"{raw.cell_id} has no wc_spike_samples.npy.",
            where=raw.npx_path.parent,
            do="use spike_source='auto' or 'detect' to take the spikes from the patch trace",
        )
    check_patch_values(raw)
    if source == "detect" or raw.spikes_path is None:
        both = detect_both_ways(raw)
        samples, label = both[patch_type.polarity], "detect"
        opposite: np.ndarray | None = both[-patch_type.polarity]
    else:
        samples, label, opposite = read_spike_samples(raw), "file", None
    npx_samples = raw.npx_sample(samples)
    is_twice = np.diff(npx_samples) == 0
    if is_twice.any():
        at = int(is_twice.argmax())
        raise SpikeIndexError(
            "Two spikes fall on one NPX sample: one action potential is listed twice.",
            where=raw.spikes_path,
            expected="spikes at least a sample apart on both clocks",
            got=f"patch samples {samples[at : at + 2].tolist()}",
            do="remove one of them, or build with spike_source='detect'",
        )
    return GroundTruth(samples, npx_samples, label, opposite)


def read_spike_samples(raw: RawCell) -> np.ndarray:
    """The release's spike indices, checked: int64 (n_spikes,), patch samples.

    Raises
    ------
    SpikeIndexError
        Not an array of whole numbers, empty, negative, beyond the trace,
        not ascending, or one index twice.
    """
    path = raw.spikes_path
    if path is None:
        raise MissingFileError(
            f"{raw.cell_id} has no wc_spike_samples.npy.",
            where=raw.patch_path,
            do="take the spikes from the patch trace (spike_source='detect')",
        )

    def error(what: str, expected: object, got: object) -> SpikeIndexError:
        return SpikeIndexError(
            what,
            where=path,
            expected=expected,
            got=got,
            do="fetch the file again, or build with spike_source='detect' (--spike-source detect) "
            "to take the spikes from the patch trace",
        )

    try:
        samples = read_npy(path, MAX_SPIKES_BYTES, "The file of spike indices", SpikeIndexError)
    except ValueError as cause:
        if isinstance(cause, SpikeIndexError):
            raise
        raise error("The spike indices cannot be read.", "a .npy file", cause) from cause
    if samples.size != max(np.shape(samples), default=0):
        raise error("The spike indices are not one list.", "shape (n,)", np.shape(samples))
    samples = samples.ravel()
    if samples.size == 0:
        raise error("The list of spike indices is empty.", "at least one spike", "none")
    if samples.dtype.kind not in "iu":
        raise error("The spike indices are not whole numbers.", "an integer type", samples.dtype)
    if int(samples.min()) < 0:
        raise error("A spike index is negative.", "0 or more", int(samples.min()))
    if int(samples.max()) >= raw.n_patch:
        raise error(
            "A spike index lies beyond the end of the patch trace.",
            f"less than {raw.n_patch}",
            int(samples.max()),
        )
    samples = samples.astype(np.int64)
    steps = np.diff(samples)
    if (steps < 0).any():
        at = int(np.argmax(steps < 0))
        raise error("The spike indices are not sorted.", "ascending", samples[at : at + 2].tolist())
    if (steps == 0).any():
        at = int(np.argmax(steps == 0))
        raise error("A spike index occurs twice.", "each spike once", int(samples[at]))
    return samples


@dataclass(frozen=True)
class PatchWindow:
    """The patch samples that belong to an NPX range [start, stop).

    Attributes
    ----------
    raw : RawCell
    start : int
        First NPX sample.
    first, last : int
        Patch samples [first, last).
    """

    raw: RawCell
    start: int
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first

    def times_s(self, first: int, last: int) -> np.ndarray:
        """Times of patch samples [first, last), s on the NPX clock from the window's start."""
        position = np.arange(first, last, dtype=np.int64) * self.raw.n_npx
        position -= self.start * self.raw.n_patch
        return position / (self.raw.n_patch * NPX_RATE_HZ)


def patch_window(raw: RawCell, start: int, stop: int) -> PatchWindow:
    """The patch samples whose time lies in the NPX range [start, stop)."""
    first, last = raw.first_patch_sample(start), raw.first_patch_sample(stop)
    if last <= first:
        raise RawDataError(
            "No patch sample lies in the analysis window.",
            where=raw.patch_path,
            got=f"NPX samples [{start}, {stop})",
            do="choose a longer window",
        )
    return PatchWindow(raw, start, first, last)
