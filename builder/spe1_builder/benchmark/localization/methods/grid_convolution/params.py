"""Parameters of the grid convolution."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from spe1_builder.benchmark.localization.methods.params import (
    MethodParams,
    NotNegative,
    Positive,
)


class GridConvolutionParams(MethodParams):
    """Mean position of the best matching artificial templates of a fine grid [Z26].

    Attributes
    ----------
    radius_um : float
        Grid points up to this distance from the peak channel are tried.
    upsampling_um : float
        Pitch of the grid [SI].
    margin_um : float
        How far the grid reaches beyond the outermost channels [SI].
    percentile : float
        Share of the best scalar products that count, %.
    prototype : {"gaussian", "spikes"}
        Time course of the artificial templates: a negative Gaussian, or the median over the
        spikes of the peak channel's waveform, each scaled to 1 at the spike, as
        ``spike_locations`` does [SI]. Here of all spikes; there of at most 5,000 random ones.
    sigma_ms : float
        s.d. of the Gaussian [SI].
    depths_um : tuple of float
        Distances from the probe's plane that the artificial sources have [SI].
    decay_um : float
        Constant of the exponential decay with distance [SI].
    """

    method: Literal["grid_convolution"] = "grid_convolution"
    radius_um: Positive = 40.0
    upsampling_um: Positive = 5.0
    margin_um: NotNegative = 50.0
    percentile: Annotated[float, Field(gt=0, le=100)] = 5.0
    prototype: Literal["gaussian", "spikes"] = "gaussian"
    sigma_ms: Positive = 0.25
    depths_um: Annotated[tuple[NotNegative, ...], Field(min_length=1)] = (
        0.0,
        30.0,
        60.0,
        90.0,
        120.0,
    )
    decay_um: Positive = 2.5
