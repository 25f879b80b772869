"""When a build warns: what was measured, held to a limit."""

from __future__ import annotations

import math

import numpy as np

from spe1_builder.constants import NPX_RATE_HZ, PATCH_REFRACTORY_MS
from spe1_builder.dataset.metadata import CellWarning
from spe1_builder.dataset.rows.shards import read_channel
from spe1_builder.dataset.sidecars.facts import CellFacts
from spe1_builder.source.recording.patch_checks import PatchFindings

#: Share of the release's spikes that detection finds, and of those found that are the
#: release's. Simulated cells have 0.99; a list of indices that is 2 % off has 0.01.
LEAST_AGREEMENT = 0.5
#: A spike of the template's window (1 ms before to 2 ms after) that is so late is half outside.
MAX_OFFSET_MS = 1.0
#: Size of the spikes in the patch trace the wrong way round, by that the right way. Simulated
#: ones have 0.1 to 0.3, and 3 to 14 inverted; a waveform of two equal phases has 1.
MAX_OPPOSITE_RATIO = 1.5
#: The peak of a template in standard errors of the mean. It is the largest of 384 channels by
#: some 90 samples, so that noise alone reaches far beyond 3: means of a simulated recording at
#: random times have 3.9 to 5.9 with 200 or 1,000 spikes and 4.1 to 7.3 with 20 or 50. The
#: patched neuron has 35 with 2 spikes and 155 with 40; the weakest cell of the release
#: (c1, 4.7 uV peak to peak, 3,019 spikes) should have 15.
LEAST_TEMPLATE_ERRORS = 6.0
#: Distance of the template's peak from the release's (``chan_highest`` of Data Summary).
MAX_PEAK_DISTANCE_UM = 150.0
#: Interquartile range of a normal distribution of s.d. 1.
_IQR_OF_NORMAL = 1.349


def find_warnings(facts: CellFacts, patch: PatchFindings) -> list[CellWarning]:
    """Everything measured of a cell that is beyond its limit.

    Parameters
    ----------
    facts : CellFacts
    patch : PatchFindings
        The ground truth held to the patch trace.
    """
    return [
        *_agreement(patch),
        *_inverted(patch, facts.plan.inputs.patch_type.polarity),
        *_close_spikes(facts),
        *_weak_template(facts),
        *_far_peak(facts),
    ]


def _agreement(patch: PatchFindings) -> list[CellWarning]:
    """The release's spike indices and detection on the patch trace are the same spikes."""
    found = []
    agreement = patch.agreement
    if agreement is not None:
        for kind, value, of in (
            ("spike_recall", agreement.recall, "wc_spike_samples.npy are detected"),
            ("spike_precision", agreement.precision, "those detected are in wc_spike_samples.npy"),
        ):
            if value is not None and value < LEAST_AGREEMENT:
                message = (
                    f"only {100 * value:.1f} % of the spikes of {of} on the patch trace: "
                    "one of the two is wrong"
                    if kind == "spike_recall"
                    else f"only {100 * value:.1f} % of {of}"
                )
                found.append(_warning(kind, message, value, LEAST_AGREEMENT, "share"))
    if patch.lag_ms is not None and abs(patch.lag_ms) > MAX_OFFSET_MS:
        message = (
            f"spikes on the patch trace are {patch.lag_ms:+.2f} ms from those of "
            "wc_spike_samples.npy (median)"
        )
        found.append(_warning("spike_offset", message, patch.lag_ms, MAX_OFFSET_MS, "ms"))
    return found


def _inverted(patch: PatchFindings, polarity: int) -> list[CellWarning]:
    """The spikes of the patch trace point to the side that the Patch Type says."""
    ratio = patch.opposite_ratio
    if ratio is None or ratio <= MAX_OPPOSITE_RATIO:
        return []
    message = (
        f"the spikes of the patch trace are {ratio:.1f} times as large the other way as "
        f"{'negative' if polarity < 0 else 'positive'}, which the Patch Type says: inverted?"
    )
    return [_warning("inverted_patch", message, ratio, MAX_OPPOSITE_RATIO, "ratio")]


def _close_spikes(facts: CellFacts) -> list[CellWarning]:
    """No neuron fires twice within 1 ms; the release's lists of real cells have up to 44."""
    least = PATCH_REFRACTORY_MS * NPX_RATE_HZ / 1000.0
    n_close = int((np.diff(facts.plan.window_spikes) < least).sum())
    if not n_close:
        return []
    message = f"{n_close} spikes follow another within {PATCH_REFRACTORY_MS:g} ms: counted twice?"
    return [_warning("close_spikes", message, n_close, 0, "spikes")]


def _weak_template(facts: CellFacts) -> list[CellWarning]:
    """The template's peak is more than what the mean of as many pieces of noise has.

    The standard error is that of a mean: the s.d. of the peak channel, by its quartiles
    over the train split (spikes barely move those), by the root of the number of spikes.
    It asks nothing more of the recording, and takes samples as independent between
    spikes, which at the rates of cortex they are.
    """
    template, channel = facts.template, facts.peak_channel
    quartiles = facts.segments.train_histogram.quartiles()
    if channel in quartiles.wide_channels:
        shards = facts.segments.writers["train"].shards
        quartiles = quartiles.with_exact(lambda wide: read_channel(shards, wide))
    sd_uV = float(quartiles.iqr[channel]) / _IQR_OF_NORMAL
    error_uV = sd_uV / math.sqrt(template.n_spikes_used)
    peak_uV = float(np.abs(template.mean_uV[:, channel]).max())
    if not error_uV > 0 or peak_uV >= LEAST_TEMPLATE_ERRORS * error_uV:
        return []
    errors = peak_uV / error_uV
    message = (
        f"the template's peak of {peak_uV:.2f} uV is {errors:.1f} standard errors of its noise "
        f"({template.n_spikes_used} spikes): it may be noise"
    )
    return [_warning("weak_template", message, errors, LEAST_TEMPLATE_ERRORS, "standard errors")]


def _far_peak(facts: CellFacts) -> list[CellWarning]:
    """The template peaks where the release's own average does."""
    positions_um, highest = facts.plan.positions_um, facts.plan.inputs.chan_highest
    apart_um = float(np.linalg.norm(positions_um[facts.peak_channel] - positions_um[highest]))
    if apart_um <= MAX_PEAK_DISTANCE_UM:
        return []
    message = (
        f"the template peaks on channel {facts.peak_channel}, {apart_um:.0f} um from channel "
        f"{highest}, where the release's does (chan_highest)"
    )
    return [_warning("peak_far_from_release", message, apart_um, MAX_PEAK_DISTANCE_UM, "um")]


def _warning(kind: str, message: str, value: float, limit: float, unit: str) -> CellWarning:
    return CellWarning.model_validate(
        {
            "kind": kind,
            "message": message,
            "value": float(value),
            "limit": float(limit),
            "unit": unit,
        }
    )
