"""``patch_quicklook.png``: one look tells whether a cell came out right."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.dataset.ground_truth_label import label_audit
from spe1_builder.dataset.sidecars.facts import CellFacts
from spe1_builder.dataset.sidecars.png import check_png
from spe1_builder.dataset.sidecars.sidecar import CheckedCell, Sidecar
from spe1_builder.dataset.sidecars.soma_foot import draw_soma_foot
from spe1_builder.label import LabelAudit
from spe1_builder.layout import QUICKLOOK_NAME
from spe1_builder.origins import origin_mark
from spe1_builder.probe import SITE_WIDTH_UM
from spe1_builder.signal.template import Template

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe & Ito's colours, told apart by colour-blind readers and in grey print.
_TRACE, _SPIKE, _TRUTH, _PEAK, _BAD = "#222222", "#D55E00", "#0072B2", "#D55E00", "#AAAAAA"
_TRUTH_FILL = "#CFE5F3"
_ENVELOPE_BINS = 1500
_ZOOM_S = 1.0
_WAVEFORM_MS = (2.0, 4.0)
_MAX_OVERLAID = 100
#: Channels drawn: those this far along the probe from peak and ground truth.
_PROBE_REACH_UM = 70.0
#: Half the width of a waveform, and the longest bar of its time scale.
_HALF_WIDTH_UM, _LONGEST_BAR_UM = 13.0, 12.0
#: Height that the template's largest value is drawn at.
_PEAK_HEIGHT_UM = 22.0
#: By hand: a layout engine draws everything twice, a third of a short build.
_MARGINS = {"left": 0.075, "right": 0.955, "top": 0.89, "bottom": 0.165}
_GAPS = {"hspace": 0.55, "wspace": 0.35}


def load_drawing() -> None:
    """Import what `draw_quicklook` needs, which takes half a second: while the rows are written."""
    import matplotlib.backends.backend_agg
    import matplotlib.figure  # noqa: F401


def draw_quicklook(path: Path, facts: CellFacts) -> None:
    """Draw the four panels and write them as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 8), dpi=110)
    FigureCanvasAgg(figure)
    panels = figure.subplot_mosaic(
        [["whole", "whole", "probe"], ["zoom", "zoom", "probe"], ["wave", "wave", "probe"]],
        width_ratios=[1, 1, 1.1],
        gridspec_kw=_MARGINS | _GAPS,
    )
    _draw_whole(panels["whole"], facts)
    _draw_zoom(panels["zoom"], facts)
    _draw_waveform(panels["wave"], facts)
    plan, gt_channel = facts.plan, facts.plan.inputs.gt_channel
    _draw_probe(
        panels["probe"],
        facts.template,
        plan.positions_um,
        facts.peak_channel,
        gt_channel,
        facts.bad.all,
        label_audit(plan.cell_id, gt_channel, origin=plan.inputs.origin),
    )
    for name in ("whole", "zoom", "wave"):
        panels[name].set_ylabel(f"patch ({facts.plan.inputs.patch_type.units})")
        panels[name].spines[["top", "right"]].set_visible(False)
    peak_x_um, peak_y_um = plan.positions_um[facts.peak_channel]
    gt_x_um, gt_y_um = plan.positions_um[gt_channel]
    distance_um = float(np.hypot(peak_x_um - gt_x_um, peak_y_um - gt_y_um))
    figure.suptitle(
        f"{plan.cell_id}{origin_mark(plan.inputs.origin)}"
        f"  ·  {plan.inputs.patch_type.release_name}  ·  {_counted(len(plan.window_spikes))}"
        f"  ·  peak channel {facts.peak_channel}, ground truth {gt_channel}"
        f" ({distance_um:.0f} µm apart)",
        fontsize=12,
    )
    # No date, no version: the same cell gives the same picture.
    figure.savefig(path, metadata={"Software": None})


def _patch_at(facts: CellFacts, start_s: float, stop_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Times (s) and values of the patch samples of a stretch of the window."""
    window = facts.plan.patch
    rate_hz = window.raw.patch_rate_hz
    first = max(window.first, window.first + int(start_s * rate_hz))
    last = min(window.last, window.first + int(stop_s * rate_hz) + 1)
    return window.times_s(first, last), window.raw.read_patch(first, last)


def _draw_whole(axes: Axes, facts: CellFacts) -> None:
    window = facts.plan.patch
    edges = np.linspace(window.first, window.last, min(_ENVELOPE_BINS, len(window)) + 1).astype(int)
    low, high = [], []
    for first, last in pairwise(edges):
        piece = window.raw.read_patch(first, last)
        low.append(piece.min())
        high.append(piece.max())
    times_s = np.array([window.times_s(edge, edge + 1)[0] for edge in edges[:-1]])
    axes.fill_between(times_s, low, high, color=_TRACE, linewidth=0.4)
    axes.plot(
        facts.plan.window_spikes / NPX_RATE_HZ,
        np.full(len(facts.plan.window_spikes), 1.02),
        "|",
        color=_SPIKE,
        markersize=7,
        markeredgewidth=0.7,
        transform=axes.get_xaxis_transform(),
        clip_on=False,
    )
    axes.set_xlim(times_s[0], times_s[-1])
    axes.set_title("patch trace, analysis window (ticks: ground-truth spikes)", fontsize=10, pad=12)
    axes.set_xlabel("s from the window's start")


def busiest_second_s(spikes: np.ndarray, duration_s: float) -> float:
    """Where the second begins that holds the most spikes, these in its middle.

    Parameters
    ----------
    spikes : np.ndarray
        int64 (n_spikes,), ascending, samples of the analysis window; at least one.
    duration_s : float
        Of the analysis window; the second stays inside where it can.
    """
    spikes_s = spikes / NPX_RATE_HZ
    # Some best second begins at a spike: count those, then slide it over its spare time.
    counts = np.searchsorted(spikes_s, spikes_s + _ZOOM_S) - np.arange(len(spikes_s))
    first = int(counts.argmax())
    last = first + int(counts[first]) - 1
    start_s = float(spikes_s[first] + spikes_s[last] - _ZOOM_S) / 2
    return max(0.0, min(start_s, duration_s - _ZOOM_S))


def _duration_s(facts: CellFacts) -> float:
    return float(facts.plan.patch.times_s(facts.plan.patch.last - 1, facts.plan.patch.last)[0])


def _draw_zoom(axes: Axes, facts: CellFacts) -> None:
    start_s = busiest_second_s(facts.plan.window_spikes, _duration_s(facts))
    times_s, patch = _patch_at(facts, start_s, start_s + _ZOOM_S)
    axes.plot(times_s, patch, color=_TRACE, linewidth=0.5)
    spikes_s = facts.plan.window_spikes / NPX_RATE_HZ
    shown_s = spikes_s[(spikes_s >= start_s) & (spikes_s <= start_s + _ZOOM_S)]
    axes.plot(
        shown_s,
        np.interp(shown_s, times_s, patch),
        "o",
        color=_SPIKE,
        markersize=5,
        fillstyle="none",
    )
    axes.set_xlim(times_s[0], times_s[-1])
    axes.set_title(f"the second with the most spikes ({len(shown_s)})", fontsize=10)
    axes.set_xlabel("s from the window's start")


def _draw_waveform(axes: Axes, facts: CellFacts) -> None:
    before_s, after_s = (ms / 1000.0 for ms in _WAVEFORM_MS)
    grid_s = np.arange(-before_s, after_s, 1.0 / facts.plan.raw.patch_rate_hz)
    duration_s = _duration_s(facts)
    spikes_s = facts.plan.window_spikes / NPX_RATE_HZ
    inside = spikes_s[(spikes_s > before_s) & (spikes_s < duration_s - after_s)]
    chosen = inside[:: max(1, len(inside) // _MAX_OVERLAID)][:_MAX_OVERLAID]
    waves = []
    for spike_s in chosen:
        times_s, patch = _patch_at(facts, spike_s - before_s - 1e-3, spike_s + after_s + 1e-3)
        waves.append(np.interp(grid_s, times_s - spike_s, patch))
    if waves:
        axes.plot(grid_s * 1000.0, np.transpose(waves), color=_BAD, linewidth=0.4, alpha=0.6)
        axes.plot(grid_s * 1000.0, np.mean(waves, axis=0), color=_TRACE, linewidth=1.6)
    axes.axvline(0.0, color=_SPIKE, linewidth=0.8, linestyle="--")
    axes.set_xlim(grid_s[0] * 1000.0, grid_s[-1] * 1000.0)
    axes.set_title(f"patch waveform: {_counted(len(waves))} and their mean", fontsize=10)
    axes.set_xlabel("ms from the spike")


def _draw_probe(
    axes: Axes,
    template: Template,
    positions_um: np.ndarray,
    peak_channel: int,
    gt_channel: int,
    bad_channels: Sequence[int],
    label: LabelAudit | None = None,
) -> None:
    """The template on its sites, and where the soma was recorded; ``positions_um`` (n, 2)."""
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
        draw_soma_foot(axes, label, float(positions_um[near, 0].min()), _TRUTH)
    for channel in near:
        is_bad = channel in bad_channels
        is_peak = channel == peak_channel
        axes.plot(
            positions_um[channel, 0] + x_offsets,
            positions_um[channel, 1] + _PEAK_HEIGHT_UM * mean_uV[:, channel] / scale_uV,
            color=_PEAK if is_peak else _BAD if is_bad else _TRACE,
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
    _draw_probe_legend(axes, float(np.ptp(mean_uV[:, peak_channel])), has_bad=has_bad)
    before_ms, after_ms = (n / NPX_RATE_HZ * 1000 for n in (template.n_before, template.n_after))
    axes.set_title(
        f"template, {_counted(template.n_spikes_used)}, −{before_ms:.3g} to {after_ms:.3g} ms",
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
            facecolor=_TRUTH_FILL,
            edgecolor=_TRUTH,
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
    axes.plot(*corner, color=_TRACE, linewidth=2, solid_joinstyle="miter")
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


def _counted(n_spikes: int) -> str:
    return f"{n_spikes} spike" if n_spikes == 1 else f"{n_spikes} spikes"


def _draw_probe_legend(axes: Axes, peak_to_peak_uV: float, *, has_bad: bool) -> None:
    axes.plot(
        [],
        [],
        "s",
        markerfacecolor=_TRUTH_FILL,
        markeredgecolor=_TRUTH,
        label="ground-truth electrode",
    )
    axes.plot([], [], color=_PEAK, label=f"peak channel ({peak_to_peak_uV:.0f} µV p-p)")
    if has_bad:
        axes.plot([], [], color=_BAD, linestyle=":", label="bad channel")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.06), fontsize=8, frameon=False)


def check_quicklook(path: Path, cell: CheckedCell) -> None:
    """The picture is a whole PNG."""
    check_png(path, cell.at(QUICKLOOK_NAME))


QUICKLOOK = Sidecar(
    name=QUICKLOOK_NAME,
    holds="patch trace, spikes, waveform, template on the probe",
    write=draw_quicklook,
    check=check_quicklook,
)
