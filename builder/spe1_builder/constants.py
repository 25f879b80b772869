"""Facts of the recordings and of the method, each with its source.

Sources: [MS18] Marques-Smith et al. 2018, doi:10.1101/370080, and the release's
README (kampff-lab/sc.io, Paired Recordings); [Z26] Zhao et al. 2026,
doi:10.1371/journal.pcbi.1014059; [G20] Garcia, SpikeInterface reports 2020
("12 MAD" rule for the juxtacellular trace).
"""

from __future__ import annotations

from typing import Literal, get_args

#: Changes when the same input and options give other data (patch: fixed
#: metadata, minor: added, major: changed). Part of every fingerprint.
DATA_VERSION = "1.3.0"

# --- Neuropixels stream [MS18] -------------------------------------------------
N_CHANNELS = 384
NPX_RATE_HZ = 30_000.0
#: 10-bit ADC over 1.2 V at gain 500: 1.2 V / 1024 / 500.
GAIN_UV_PER_BIT = 2.34375
#: Sites wired to the reference on this probe (0-based); they carry no signal.
REFERENCE_CHANNELS = (36, 75, 112, 151, 188, 227, 264, 303, 340, 379)
#: x of the four staggered columns, um, in channel order [MS18, chanMap.mat].
COLUMN_X_UM = (43.0, 11.0, 59.0, 27.0)
#: Two sites a row, 20 um between rows.
ROW_PITCH_UM = 20.0

# --- Preprocessing [Z26] -------------------------------------------------------
FILTER_ORDER = 5
BAND_HZ = (300.0, 3000.0)
#: Real samples read on each side of a range before filtering. The impulse
#: response has decayed to 4e-11 counts there (measured against the whole file).
MARGIN_SAMPLES = 1500

#: How signals are filtered and spikes localized: compiled by us, or by SpikeInterface
#: (float64, slow), which tests hold the former to.
Engine = Literal["fast", "spikeinterface"]
ENGINES: tuple[Engine, ...] = get_args(Engine)
FAST_ENGINE, REFERENCE_ENGINE = ENGINES

# --- Ground truth [G20] --------------------------------------------------------
PATCH_HIGHPASS_HZ = 200.0
PATCH_HIGHPASS_ORDER = 5
PATCH_THRESHOLD_MADS = 12.0
#: Scales the median absolute deviation to the s.d. of a normal distribution.
MAD_TO_SD = 1.4826
PATCH_REFRACTORY_MS = 1.0
#: Values of the option ``spike_source``: which of the two is taken.
SPIKE_SOURCES = ("auto", "file", "detect")
#: Two spike times are the same spike within this distance.
AGREEMENT_MS = 0.5

# --- Names that the public dataset uses -----------------------------------------
HOMEPAGE = "https://crcns.org/data-sets/methods/spe-1"
LICENSE_NAME = "cc-by-sa-4.0"
CITATION = "Marques-Smith et al. (2018), doi:10.1101/370080; data doi:10.6080/K0J67F4T"
PAPER_CITATION = "Zhao et al. (2026), doi:10.1371/journal.pcbi.1014059"
SOURCE_DATASET = "Marques-Smith et al. (2018) — CRCNS spe-1"
EXTRACTION_METHOD = "zhao2026_raw_mean_template"
PREPROCESSING = "bandpass_300_3000Hz + global_CMR"
SPIKE_SOURCE_LABELS = {
    "file": "wc_spike_samples.npy (authoritative GT)",
    "detect": "detect_spikes_from_patch (fallback)",
}
