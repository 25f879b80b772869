"""Generated waveforms with a known source, on the lower channels of the probe."""

import functools
from dataclasses import dataclass

import numpy as np
import scipy.signal

from spe1_builder.constants import REFERENCE_CHANNELS
from spe1_builder.probe import nominal_positions_um

NBEFORE, NAFTER = 30, 60
#: Enough that every radius lies within; the whole probe takes six times as long.
N_SITES = 64


@dataclass(frozen=True)
class Planted:
    """Waveforms of one point source.

    Attributes
    ----------
    waveforms_uV : np.ndarray
        float32 (n_waveforms, NBEFORE + NAFTER, n_channels).
    positions_um : np.ndarray
        float64 (n_channels, 2).
    peak_index : int
        Of the peak channel among these channels.
    source_um : np.ndarray
        (3,).
    """

    waveforms_uV: np.ndarray
    positions_um: np.ndarray
    peak_index: int
    source_um: np.ndarray

    @property
    def place(self) -> tuple[np.ndarray, np.ndarray, int]:
        return self.waveforms_uV, self.positions_um, self.peak_index


@functools.cache
def plant(
    n_waveforms: int = 1,
    *,
    seed: int = 0,
    source_um: tuple[float, float, float] | None = None,
    peak_to_peak_uV: float = 150.0,
    noise_uV: float = 0.0,
    decay: float = 1.0,
) -> Planted:
    """A point source with a biphasic time course, and noise of the preprocessed band; read-only.

    Amplitudes fall with ``distance ** -decay``: a monopole's with 1.
    """
    rng = np.random.default_rng(seed)
    kept = np.setdiff1d(np.arange(N_SITES), REFERENCE_CHANNELS)
    positions_um = nominal_positions_um()[kept].astype(np.float64)
    drawn_um = rng.uniform((5.0, 180.0, 12.0), (65.0, 480.0, 45.0))
    place_um = drawn_um if source_um is None else np.array(source_um, dtype=np.float64)
    offsets_um = positions_um - place_um[:2]
    footprint = ((offsets_um**2).sum(axis=1) + place_um[2] ** 2) ** (-decay / 2)
    t_ms = np.arange(-NBEFORE, NAFTER) / 30.0
    course = -np.exp(-0.5 * (t_ms / 0.1) ** 2) + 0.3 * np.exp(-0.5 * ((t_ms - 0.35) / 0.15) ** 2)
    shape_uV = np.outer(course / np.ptp(course), footprint * peak_to_peak_uV / footprint.max())
    waveforms_uV = np.repeat(shape_uV[np.newaxis], n_waveforms, axis=0)
    if noise_uV:
        sos = scipy.signal.butter(5, (300, 3000), btype="bandpass", fs=30000, output="sos")
        white = rng.standard_normal((n_waveforms, 250, len(kept)), dtype=np.float32)
        noise = scipy.signal.sosfiltfilt(sos, white, axis=1)[:, 80 : 80 + NBEFORE + NAFTER]
        waveforms_uV += noise * (noise_uV / noise.std())
    return Planted(waveforms_uV.astype(np.float32), positions_um, int(footprint.argmax()), place_um)
