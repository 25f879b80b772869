"""The patched neuron of a cell in one mode: its channels, spikes and template."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np

from spe1_builder.benchmark.common.inputs import CellInput, kept_channels, mask
from spe1_builder.benchmark.common.spikes import (
    Traces,
    open_traces,
    read_window_spikes,
    read_windows,
    whole_spikes,
    window_samples,
)
from spe1_builder.benchmark.localization.estimate import Waveforms
from spe1_builder.benchmark.localization.methods.params import SPIKE_WINDOW_MS
from spe1_builder.benchmark.localization.words import Align, Mode
from spe1_builder.benchmark.localization.zhao2026 import as_published
from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.errors import OutputError

#: The paper's window of a spike before and from the spike on, in samples.
SPIKE_WINDOW_SAMPLES = (
    round(SPIKE_WINDOW_MS[0] * NPX_RATE_HZ / 1000),
    round(SPIKE_WINDOW_MS[1] * NPX_RATE_HZ / 1000),
)


class Unit:
    """A cell's neuron as one mode sees it.

    Parameters
    ----------
    cell : CellInput
    mode : str
        "corrected" masks the bad channels and takes the metadata's spikes;
        "as_published" see `spe1_builder.benchmark.localization.zhao2026.as_published`.
    raw_dir : Path
        For spikes, where the rows are not there.
    n_threads : int
        Decides the speed only.
    align : str
        "patch": windows stand around the patch spike, as in the paper; "trough": around the
        trough of the cell's template on its peak channel.
    """

    def __init__(
        self, cell: CellInput, mode: Mode, raw_dir: Path, n_threads: int, align: Align = "patch"
    ):
        self.cell, self.mode, self.align = cell, mode, align
        self.n_before = cell.n_before
        self.n_after = len(cell.template_uV) - cell.n_before
        self.channels = kept_channels(cell.bad_channels if mode == "corrected" else ())
        self._raw_dir, self._n_threads = raw_dir, n_threads

    @cached_property
    def trough_index(self) -> int:
        """Sample of the template at which its peak channel is lowest.

        Of the shipped template in both modes, so that they see the same samples.
        """
        template_uV = self.cell.template_uV
        peak = mask(template_uV, self.cell.positions_um, self.channels).peak_channel
        return int(template_uV[:, peak].argmin())

    @property
    def spike_index(self) -> int:
        """Sample of a template, or of its window, at which the spike is taken to be."""
        return self.trough_index if self.align == "trough" else self.n_before

    @cached_property
    def traces(self) -> Traces:
        """The cell's rows, or the raw archive; exceptions as `open_traces`."""
        return open_traces(self.cell, self._raw_dir)

    @cached_property
    def n_samples(self) -> int:
        """Length of the analysis window."""
        return window_samples(self.cell)

    @cached_property
    def window_spikes(self) -> np.ndarray:
        """int64 (n_spikes,), samples of the analysis window; exceptions as `read_window_spikes`."""
        if self.mode == "as_published":
            return as_published.detect_again(self.cell, self.n_samples)
        return read_window_spikes(self.cell)

    def whole_spikes(self, n_before: int, n_after: int) -> np.ndarray:
        """Those of `window_spikes` around which so many samples lie in the analysis window."""
        return whole_spikes(self.window_spikes, self.n_samples, n_before, n_after)

    def template_choice(self, n_spikes: int) -> np.ndarray:
        """Which of a list of spikes make the template: indices, int64, ascending."""
        if self.mode == "as_published":
            return as_published.template_choice(n_spikes)
        return np.arange(n_spikes)

    def template_uV(self) -> np.ndarray:
        """The template of this mode: float32 (n_before + n_after, n_channels), uV.

        The corrected one is the cell's own file; the other is averaged anew.

        Raises
        ------
        Spe1Error
            What the other one needs is not there.
        """
        if self.mode == "corrected":
            return self.cell.template_uV
        whole = self.whole_spikes(self.n_before, self.n_after)
        as_published.require_spikes(self.cell.cell_id, len(whole))
        chosen = whole[self.template_choice(len(whole))]
        windows_uV = read_windows(self.traces, chosen, self.n_before, self.n_after, self._n_threads)
        return mean_of(windows_uV)

    def spike_windows_uV(self) -> np.ndarray:
        """Windows of every whole spike: float32 (n_spikes, n_samples, n_channels), uV."""
        aligned = self.window_spikes + (self.spike_index - self.n_before)
        window_spikes = whole_spikes(aligned, self.n_samples, *SPIKE_WINDOW_SAMPLES)
        return read_windows(self.traces, window_spikes, *SPIKE_WINDOW_SAMPLES, self._n_threads)

    def waveforms(self, values_uV: np.ndarray, n_before: int, template_uV: np.ndarray) -> Waveforms:
        """Waveforms on the channels that take part.

        Parameters
        ----------
        values_uV : np.ndarray
            float32 (n_waveforms, n_samples, n_channels).
        n_before : int
            Sample of the spike.
        template_uV : np.ndarray
            float32 (n_samples, n_channels): tells the peak channel.
        """
        masked = mask(template_uV, self.cell.positions_um, self.channels)
        kept_uV = values_uV[:, :, self.channels]
        return Waveforms(kept_uV, n_before, masked, self.cell.sampling_frequency_hz)

    def spikes_of(self, windows_uV: np.ndarray, template_uV: np.ndarray) -> Waveforms:
        """The paper's window of spikes, cut from template windows.

        Raises
        ------
        OutputError
            The cell was built with a template window shorter than that.
        """
        before, after = SPIKE_WINDOW_SAMPLES
        n_after = self.n_before + self.n_after - self.spike_index
        if self.spike_index < before or n_after < after:
            raise OutputError(
                "The template's window is shorter than that of a spike.",
                where=self.cell.folder,
                expected=f"at least {before} samples before and {after} from the spike on",
                got=f"{self.spike_index} and {n_after}",
                do="leave out --with-spikes, or build with longer --ms-before and --ms-after",
            )
        cut_uV = windows_uV[:, self.spike_index - before : self.spike_index + after]
        return self.waveforms(cut_uV, before, template_uV)


def mean_of(windows_uV: np.ndarray) -> np.ndarray:
    """Template of spike windows: float32 (n_samples, n_channels), uV."""
    return windows_uV.mean(axis=0, dtype=np.float64).astype(np.float32)
