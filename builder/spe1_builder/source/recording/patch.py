"""The ground truth of a cell: when the patched neuron fired, on the NPX clock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spe1_builder.cells import PatchType
from spe1_builder.constants import NPX_RATE_HZ, SPIKE_SOURCES
from spe1_builder.errors import (
    MissingFileError,
    OptionError,
    PatchTraceError,
    RawDataError,
    SpikeIndexError,
)
from spe1_builder.progress import Progress
from spe1_builder.source.recording.detection import Agreement, compare_spike_trains, detect_spikes
from spe1_builder.source.recording.raw import RawCell, check_patch_values


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
    """

    patch_samples: np.ndarray
    npx_samples: np.ndarray
    source: str

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
        samples, label = detect_spikes(raw, patch_type.polarity), "detect"
    else:
        samples, label = read_spike_samples(raw), "file"
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
    return GroundTruth(samples, npx_samples, label)


def find_agreement(
    raw: RawCell,
    patch_type: PatchType,
    chosen: GroundTruth,
    progress: Progress | None = None,
) -> Agreement | None:
    """The release's spikes (reference) against detection (test), over the whole recording.

    None where the release has no usable spikes, or its trace no noise to detect them by.

    Parameters
    ----------
    raw : RawCell
    patch_type : PatchType
    chosen : GroundTruth
    progress : Progress, optional
        Told of the patch samples that detection has passed.
    """
    if raw.spikes_path is None:
        return None
    if chosen.source == "file":
        released = chosen.patch_samples
        try:
            detected = detect_spikes(raw, patch_type.polarity, progress)
        except PatchTraceError:
            return None
    else:
        detected = chosen.patch_samples
        try:
            released = read_spike_samples(raw)
        except SpikeIndexError:
            return None
    return compare_spike_trains(released / raw.patch_rate_hz, detected / raw.patch_rate_hz)


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
        samples = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as cause:
        raise error("The spike indices cannot be read.", "a .npy file", cause) from cause
    if not isinstance(samples, np.ndarray) or samples.size != max(np.shape(samples), default=0):
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
