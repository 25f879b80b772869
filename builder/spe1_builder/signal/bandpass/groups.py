"""What the two makes of the band-pass's operations have in common: groups, signatures.

An operation works on samples of all channels, in groups of `LANES`: arrays of
(n_samples, N_GROUPS, LANES) whose last axis is contiguous; more groups may lie there, and
are left alone. `spe1_builder.signal.bandpass.vectors` has them in vector instructions,
`spe1_builder.signal.bandpass.plain` in plain loops; they give the same bits.
`spe1_builder.signal.bandpass.operations` tells them apart. None of them checks an index.

``run_on_counts, run_on_values(src, first, dst, slot, n, step, scale, feedback, state)``
    Filter ``n`` samples, from ``src[first]`` to ``dst[slot]``, then ``step`` (1 or -1)
    further in both. ``src`` is int16 or float32 and is multiplied by ``scale``, ``dst`` is
    float32. ``feedback`` is float64 (2 * N_SECTIONS,), ``-a1, -a2`` of each section;
    ``state`` float64 (N_GROUPS, 2 * N_SECTIONS, LANES), its delays, goes on from call to call.
``load_keys(src, at, keys)``
    The bits of ``src[at]``, float32, as int32 of the same order: ``keys``, (N_CHANNELS,).
``write_channels(src, n, medians, out, first)``
    ``out[:, first : first + n]``, float32 (N_CHANNELS, n_out) with each channel contiguous:
    the first ``n`` samples of ``src``, float32, less ``medians``, float32 (n,).
"""

from __future__ import annotations

from spe1_builder.compiled import compiled
from spe1_builder.constants import N_CHANNELS

#: Channels filtered, or samples transposed, at once: two 512-bit registers of float64.
LANES = 16
#: Sections of an order-5 band-pass.
N_SECTIONS = 5
#: Groups of channels that are worked on together.
N_GROUPS = N_CHANNELS // LANES

_REST = "float32[:,:,:], intp, intp, intp, float64, float64[::1], float64[:,:,::1]"
on_counts = compiled(f"void(int16[:,:,:], intp, {_REST})")
# A part of its callers, so that multiplying by a scale of 1 costs no time.
on_values = compiled(f"void(float32[:,:,:], intp, {_REST})", forceinline=True)
to_keys = compiled("void(float32[:,:,:], intp, int32[::1])")
to_channels = compiled("void(float32[:,:,:], intp, float32[::1], float32[:,:], intp)")
