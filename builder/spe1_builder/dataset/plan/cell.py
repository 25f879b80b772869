"""What is built of one cell: its inputs, the options, the window and the ground truth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from spe1_builder.dataset.plan.inputs import Inputs
from spe1_builder.dataset.plan.options import BuildOptions
from spe1_builder.dataset.plan.window import Window
from spe1_builder.signal.template import SpikeSums
from spe1_builder.source.recording.patch import GroundTruth, PatchWindow, patch_window
from spe1_builder.source.recording.raw import RawCell


@dataclass(frozen=True, eq=False)
class CellPlan:
    """Everything that is settled before the first row is written.

    Attributes
    ----------
    inputs : Inputs
    options : BuildOptions
    window : Window
        The analysis window.
    ground_truth : GroundTruth
        Of the whole recording.
    """

    inputs: Inputs
    options: BuildOptions
    window: Window
    ground_truth: GroundTruth

    @property
    def cell_id(self) -> str:
        return self.inputs.raw.cell_id

    @property
    def raw(self) -> RawCell:
        return self.inputs.raw

    @property
    def positions_um(self) -> np.ndarray:
        """float32 (n_channels, 2)."""
        return self.inputs.shared.positions_um

    @cached_property
    def window_spikes(self) -> np.ndarray:
        """Ground-truth spikes: int64 (n_spikes,), ascending, samples of the analysis window."""
        return self.ground_truth.in_window(self.window.start, self.window.stop)

    @cached_property
    def spike_patch_indices(self) -> np.ndarray:
        """Where those spikes were found: int64 (n_spikes,), samples of `patch`."""
        spikes = self.ground_truth.npx_samples
        first, last = np.searchsorted(spikes, [self.window.start, self.window.stop])
        return self.ground_truth.patch_samples[first:last] - self.patch.first

    @cached_property
    def patch(self) -> PatchWindow:
        """The patch trace of the analysis window."""
        return patch_window(self.raw, self.window.start, self.window.stop)

    def new_sums(self) -> SpikeSums:
        """Empty sums of the template.

        Raises
        ------
        RawDataError
            Too few spikes have their whole window in the analysis window.
        """
        options, n_samples = self.options, self.window.n_samples
        return SpikeSums(self.window_spikes, n_samples, options.n_before, options.n_after)

    def read_counts(self, start: int, stop: int) -> np.ndarray:
        """Counts of samples of the analysis window: int16 (stop - start, N_CHANNELS)."""
        return self.raw.read_counts(self.window.start + start, self.window.start + stop)
