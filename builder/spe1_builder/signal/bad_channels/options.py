"""The parameters of bad-channel detection, and what they may be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spe1_builder.errors import OptionError

OUTSIDE_LOCATIONS = ("top", "bottom", "both")


@dataclass(frozen=True)
class DetectionOptions:
    """Every parameter of the method; the defaults are SpikeInterface's.

    Attributes
    ----------
    n_chunks : int
        Random chunks, each labelled on its own.
    chunk_duration_s : float
        Length of a chunk.
    seed : int
        Seed of the chunks' starts.
    psd_hf_threshold_uV2_per_hz : float
        Mean spectral density of the highest band above which a channel is noisy.
    dead_channel_threshold, noisy_channel_threshold : float
        Similarity to the median over channels, less its trend along the probe,
        below which a channel is dead and above which it is noisy.
    outside_channel_threshold : float
        That trend, less 1, below which channels at an end of the probe are outside the brain.
    outside_location : {"top", "bottom", "both"}
        The end of the probe that can be outside.
    n_neighbors : int
        Channels of the median filter that gives the trend; odd.
    nyquist_threshold : float
        Share of the Nyquist frequency above which the highest band begins.
    welch_window_ms : float
        Window of the spectrum.
    """

    n_chunks: int = 100
    chunk_duration_s: float = 0.3
    seed: int = 0
    psd_hf_threshold_uV2_per_hz: float = 0.02
    dead_channel_threshold: float = -0.5
    noisy_channel_threshold: float = 1.0
    outside_channel_threshold: float = -0.75
    outside_location: str = "top"
    n_neighbors: int = 11
    nyquist_threshold: float = 0.8
    welch_window_ms: float = 10.0

    def __post_init__(self) -> None:
        is_odd = self.n_neighbors >= 1 and self.n_neighbors % 2 == 1
        is_place = self.outside_location in OUTSIDE_LOCATIONS
        for name, is_good, expected in (
            ("n_chunks", self.n_chunks >= 1, "1 or more"),
            ("chunk_duration_s", 0 < self.chunk_duration_s < np.inf, "more than 0"),
            ("seed", self.seed >= 0, "0 or more"),
            ("outside_location", is_place, " or ".join(OUTSIDE_LOCATIONS)),
            ("n_neighbors", is_odd, "an odd number"),
            ("nyquist_threshold", 0 < self.nyquist_threshold < 1, "between 0 and 1"),
            ("welch_window_ms", 0 < self.welch_window_ms < np.inf, "more than 0"),
        ):
            if not is_good:
                raise OptionError(
                    f"{name} of the bad-channel detection is unusable.",
                    where=name,
                    expected=expected,
                    got=repr(getattr(self, name)),
                    do="leave it out for the default",
                )


DEFAULT_OPTIONS = DetectionOptions()
