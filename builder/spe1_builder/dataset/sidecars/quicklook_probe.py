"""The probe's panel of the quicklook: the template on its sites, and what is known of the soma."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.dataset.sidecars.soma_foot import draw_soma_foot
from spe1_builder.label import LabelAudit
from spe1_builder.probe import SITE_WIDTH_UM
from spe1_builder.signal.template import Template

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe & Ito's colours, told apart by colour-blind readers and in grey print.
TRACE, SPIKE, TRUTH, PEAK, BAD = "#222222", "#D55E00", "#0072B2", "#D55E00", "#AAAAAA"
TRUTH_FILL = "#CFE5F3"
#: Channels drawn: those this far along the probe from peak and ground truth.
_PROBE_REACH_UM = 70.0
#: Half the width of a waveform, and the longest bar of its time scale.
_HALF_WIDTH_UM, _LONGEST_BAR_UM = 13.0, 12.0
#: Height that the template's largest value is drawn at.
_PEAK_HEIGHT_UM = 22.0


def draw_probe(
    axes: Axes,
    template: Template,
    positions_um: np.ndarray,
    peak_channel: int,
    gt_channel: int,
    bad_channels: Sequence[int],
    label: LabelAudit | None = None,
) -> None:
    """The template on its sites, and where the soma was recorded.

    Parameters
    ----------
    axes : Axes
    template : Template
    positions_um : np.ndarray
        (n_channels, 2), x and y of all sites.
    peak_channel, gt_channel : int
    bad_channels : sequence of int
    label : LabelAudit, optional
        Where the soma was recorded; none of a cell whose soma was planted.
    """
    mean_uV = template.mean_uV
    y_um = positions_um[[peak_channel, gt_channel], 1]
    near = np.flatnonzero(
        (positions_um[:, 1] >= y_um.min() - _PROBE_REACH_UM)
        & (positions_um[:, 1] <= y_um.max() + _PROBE_REACH_UM)
    )
    scale_uV = max(float(np.abs(mean_uV[:, peak_channel]).max()), 1e-6)
    # A site is 32 um from its neighbour in its row, and rows are 20 um apart.
    x_offsets = np.linspace(-_HALF_WIDTH_UM, _HALF_WIDTH_UM, len(mean_uV))
    _draw_truth(axes, *positions_um[gt_channel])
    if label is not None:
        draw_soma_foot(axes, label, float(positions_um[near, 0].min()), TRUTH)
    for channel in near:
        is_bad = channel in bad_channels
        is_peak = channel == peak_channel
        axes.plot(
            positions_um[channel, 0] + x_offsets,
            positions_um[channel, 1] + _PEAK_HEIGHT_UM * mean_uV[:, channel] / scale_uV,
            color=PEAK if is_peak else BAD if is_bad else TRACE,
            linewidth=1.6 if is_peak else 0.8,
            linestyle=":" if is_bad else "-",
        )
    duration_ms = (len(mean_uV) - 1) / NPX_RATE_HZ * 1000
    _draw_scale_bars(
        axes,
        scale_uV,
        2 * _HALF_WIDTH_UM / max(duration_ms, 1e-6),
        float(positions_um[near, 0].max()),
        float(y_um.mean()),
    )
    has_bad = bool(np.isin(near, bad_channels).any())
    _draw_legend(axes, float(np.ptp(mean_uV[:, peak_channel])), has_bad=has_bad)
    before_ms, after_ms = (n / NPX_RATE_HZ * 1000 for n in (template.n_before, template.n_after))
    axes.set_title(
        f"template, {counted(template.n_spikes_used)}, −{before_ms:.3g} to {after_ms:.3g} ms",
        fontsize=10,
    )
    axes.set_xlabel("x (µm)")
    axes.set_ylabel("y along the probe (µm)")


def round_amplitude_uV(largest_uV: float) -> float:
    """The largest 1, 2 or 5 times a power of ten that is not above ``largest_uV`` (> 0)."""
    power_uV = 10.0 ** np.floor(np.log10(largest_uV))
    steps_uV = (step * power_uV for step in (1, 2, 5))
    # The logarithm of a value just below a power of ten may round up to it.
    return float(max((uV for uV in steps_uV if uV <= largest_uV), default=power_uV))


def _draw_truth(axes: Axes, x_um: float, y_um: float) -> None:
    """The ground-truth electrode, under its waveform."""
    from matplotlib.patches import Rectangle

    half_um = SITE_WIDTH_UM / 2
    axes.add_patch(
        Rectangle(
            (x_um - half_um, y_um - half_um),
            SITE_WIDTH_UM,
            SITE_WIDTH_UM,
            facecolor=TRUTH_FILL,
            edgecolor=TRUTH,
            linewidth=1.5,
            zorder=0.5,
        )
    )


def _draw_scale_bars(
    axes: Axes, scale_uV: float, um_per_ms: float, x_um: float, y_um: float
) -> None:
    """Right of the sites: how high an amplitude and how wide a time of the template is."""
    bar_uV = round_amplitude_uV(scale_uV)
    bar_ms = round_amplitude_uV(_LONGEST_BAR_UM / um_per_ms)
    x_um += 18.0
    half_um, width_um = _PEAK_HEIGHT_UM * bar_uV / scale_uV / 2, bar_ms * um_per_ms
    corner = ([x_um, x_um, x_um + width_um], [y_um + half_um, y_um - half_um, y_um - half_um])
    axes.plot(*corner, color=TRACE, linewidth=2, solid_joinstyle="miter")
    axes.text(x_um + 2.0, y_um, f"{bar_uV:g} µV", fontsize=8, rotation=90, va="center", ha="left")
    axes.text(
        x_um + width_um / 2,
        y_um - half_um - 1.5,
        f"{bar_ms:g} ms",
        fontsize=8,
        va="top",
        ha="center",
    )
    axes.set_xlim(right=x_um + max(width_um, 8.0) + 4.0)


def _draw_legend(axes: Axes, peak_to_peak_uV: float, *, has_bad: bool) -> None:
    axes.plot(
        [],
        [],
        "s",
        markerfacecolor=TRUTH_FILL,
        markeredgecolor=TRUTH,
        label="ground-truth electrode",
    )
    axes.plot([], [], color=PEAK, label=f"peak channel ({peak_to_peak_uV:.0f} µV p-p)")
    if has_bad:
        axes.plot([], [], color=BAD, linestyle=":", label="bad channel")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.06), fontsize=8, frameon=False)


def counted(n_spikes: int) -> str:
    """``1 spike``, ``49 spikes``."""
    return f"{n_spikes} spike" if n_spikes == 1 else f"{n_spikes} spikes"
