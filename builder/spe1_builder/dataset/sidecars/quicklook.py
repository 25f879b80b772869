"""``patch_quicklook.png``: one look tells whether a cell came out right."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.dataset.ground_truth_label import label_audit
from spe1_builder.dataset.sidecars.facts import CellFacts
from spe1_builder.dataset.sidecars.png import check_png
from spe1_builder.dataset.sidecars.quicklook_probe import BAD, SPIKE, TRACE, counted, draw_probe
from spe1_builder.dataset.sidecars.sidecar import CheckedCell, Sidecar
from spe1_builder.layout import QUICKLOOK_NAME
from spe1_builder.origins import origin_mark

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ENVELOPE_BINS = 1500
_ZOOM_S = 1.0
_WAVEFORM_MS = (2.0, 4.0)
_MAX_OVERLAID = 100
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
    draw_probe(
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
        f"  ·  {plan.inputs.patch_type.release_name}  ·  {counted(len(plan.window_spikes))}"
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
    axes.fill_between(times_s, low, high, color=TRACE, linewidth=0.4)
    axes.plot(
        facts.plan.window_spikes / NPX_RATE_HZ,
        np.full(len(facts.plan.window_spikes), 1.02),
        "|",
        color=SPIKE,
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
    axes.plot(times_s, patch, color=TRACE, linewidth=0.5)
    spikes_s = facts.plan.window_spikes / NPX_RATE_HZ
    shown_s = spikes_s[(spikes_s >= start_s) & (spikes_s <= start_s + _ZOOM_S)]
    axes.plot(
        shown_s,
        np.interp(shown_s, times_s, patch),
        "o",
        color=SPIKE,
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
        axes.plot(grid_s * 1000.0, np.transpose(waves), color=BAD, linewidth=0.4, alpha=0.6)
        axes.plot(grid_s * 1000.0, np.mean(waves, axis=0), color=TRACE, linewidth=1.6)
    axes.axvline(0.0, color=SPIKE, linewidth=0.8, linestyle="--")
    axes.set_xlim(grid_s[0] * 1000.0, grid_s[-1] * 1000.0)
    axes.set_title(f"patch waveform: {counted(len(waves))} and their mean", fontsize=10)
    axes.set_xlabel("ms from the spike")


def check_quicklook(path: Path, cell: CheckedCell) -> None:
    """The picture is a whole PNG."""
    check_png(path, cell.at(QUICKLOOK_NAME))


QUICKLOOK = Sidecar(
    name=QUICKLOOK_NAME,
    holds="patch trace, spikes, waveform, template on the probe",
    write=draw_quicklook,
    check=check_quicklook,
)
