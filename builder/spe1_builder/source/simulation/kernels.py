"""Compiled inner loops of the simulated Neuropixels stream.

No ``fastmath``: the same options give the same bits on every machine. The
functions hold no GIL, so threads scale.
"""

from __future__ import annotations

import numpy as np

from spe1_builder.compiled import compiled


@compiled()
def slow_potential(cosines, sines, in_phase, quadrature, out):
    """Sum of sinusoids on every channel: the slow potential at a few instants.

    Parameters
    ----------
    cosines, sines : np.ndarray
        float32 (n_instants, n_components), cos and sin of the components' phases.
    in_phase, quadrature : np.ndarray
        float32 (n_components, n_channels), uV.
    out : np.ndarray
        float32 (n_instants, n_channels), written whole, uV.
    """
    n_instants, n_components = cosines.shape
    n_channels = out.shape[1]
    for t in range(n_instants):
        for c in range(n_channels):
            out[t, c] = 0.0
        for m in range(n_components):
            cosine, sine = cosines[t, m], sines[t, m]
            for c in range(n_channels):
                out[t, c] += in_phase[m, c] * cosine + quadrature[m, c] * sine


@compiled()
def mix_noise(
    samples, common, local, slow, slow_step, left_node, left, right, common_gain, own, offset
):
    """Turn independent normal samples into the recording without its spikes, in place.

    Parameters
    ----------
    samples : np.ndarray
        float32 (n_samples, n_channels): standard normal in, uV out.
    common : np.ndarray
        float32 (n_samples,), uV, the noise that all channels share.
    local : np.ndarray
        float32 (n_samples, n_nodes), standard normal at depth nodes.
    slow : np.ndarray
        float32 (n_samples // slow_step + 2, n_channels), uV, every
        ``slow_step`` samples; linear between.
    slow_step : int
    left_node : np.ndarray
        int64 (n_channels,), the node below each channel.
    left, right : np.ndarray
        float32 (n_channels,), uV, weight of that node and the next.
    common_gain, own, offset : np.ndarray
        float32 (n_channels,): gain of the common noise, s.d. of the independent
        noise in uV, constant offset in uV.
    """
    n_samples, n_channels = samples.shape
    for t in range(n_samples):
        step = t // slow_step
        after = np.float32((t - step * slow_step) / slow_step)
        before = np.float32(1.0) - after
        shared = common[t]
        for c in range(n_channels):
            node = left_node[c]
            samples[t, c] = (
                offset[c]
                + own[c] * samples[t, c]
                + common_gain[c] * shared
                + left[c] * local[t, node]
                + right[c] * local[t, node + 1]
                + before * slow[step, c]
                + after * slow[step + 1, c]
            )


@compiled()
def colour(samples, pole, direct, slow):
    """Colour white noise in time, in place: itself, and a low-passed part of it.

    Parameters
    ----------
    samples : np.ndarray
        float32 (n_samples, n_columns), standard normal in; each column is filtered by itself.
    pole : float32
        Of the one-pole low-pass.
    direct, slow : float32
        Gain of the noise itself, and of the low-passed part.
    """
    n_samples, n_columns = samples.shape
    kept = np.zeros(n_columns, np.float32)
    for t in range(n_samples):
        for c in range(n_columns):
            kept[c] = pole * kept[c] + samples[t, c]
            samples[t, c] = direct * samples[t, c] + slow * kept[c]


@compiled()
def add_spikes(
    samples, start, times, units, amplitudes, bank, oversampling, before, footprints, first, last
):
    """Add the spikes that touch a chunk, each at its own sub-sample place.

    Parameters
    ----------
    samples : np.ndarray
        float32 (n_samples, n_channels), uV, added to in place.
    start : int
        Sample of the recording that the chunk begins with.
    times : np.ndarray
        float64 (n_spikes,), troughs in samples of the recording.
    units : np.ndarray
        int64 (n_spikes,).
    amplitudes : np.ndarray
        float32 (n_spikes,), factor of the unit's template.
    bank : np.ndarray
        float32 (n_units, n_fine), time courses at ``oversampling`` points a sample.
    oversampling, before : int
        Points of the bank a sample; samples of the bank before the trough.
    footprints : np.ndarray
        float32 (n_units, n_channels), uV.
    first, last : np.ndarray
        int64 (n_units,), half-open range of channels with a footprint.
    """
    n_samples = samples.shape[0]
    n_fine = bank.shape[1]
    for i in range(times.size):
        unit = units[i]
        origin = times[i] - before - start  # where the bank begins, in the chunk's samples
        t = max(int(np.ceil(origin)), 0)
        while t < n_samples:
            place = (t - origin) * oversampling
            fine = int(place)
            if fine + 1 >= n_fine:
                break
            part = np.float32(place - fine)
            value = bank[unit, fine] + part * (bank[unit, fine + 1] - bank[unit, fine])
            value *= amplitudes[i]
            for c in range(first[unit], last[unit]):
                samples[t, c] += value * footprints[unit, c]
            t += 1


@compiled()
def add_templates(samples, start, times, amplitudes, template, before):
    """Add one template at whole samples, wherever it reaches into a chunk.

    Parameters
    ----------
    samples : np.ndarray
        float32 (n_samples, n_channels), uV, added to in place.
    start : int
        Sample of the recording that the chunk begins with.
    times : np.ndarray
        int64 (n_spikes,), samples of the recording.
    amplitudes : np.ndarray
        float32 (n_spikes,).
    template : np.ndarray
        float32 (n_template, n_channels), uV.
    before : int
        Sample of the template that ``times`` point at.
    """
    n_samples, n_channels = samples.shape
    for i in range(times.size):
        origin = times[i] - before - start
        for k in range(max(-origin, 0), min(template.shape[0], n_samples - origin)):
            for c in range(n_channels):
                samples[origin + k, c] += amplitudes[i] * template[k, c]


@compiled()
def to_counts(samples, gain_uV, counts):
    """Microvolts to ADC counts: rounded to the nearest, clipped to int16.

    Parameters
    ----------
    samples : np.ndarray
        float32 (n_samples, n_channels), uV.
    gain_uV : float
        uV per count.
    counts : np.ndarray
        int16 (n_samples, n_channels), written whole.
    """
    scale = np.float32(1.0 / gain_uV)
    low, high = np.float32(-32768.0), np.float32(32767.0)
    for t in range(samples.shape[0]):
        for c in range(samples.shape[1]):
            counts[t, c] = np.int16(np.rint(min(max(samples[t, c] * scale, low), high)))
