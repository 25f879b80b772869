"""The paper's own numbers, as far as its figures let them be read.

``zhao2026_published.json`` holds them with their source and resolution: template
accuracies are exact fractions; the others were measured from figures, by pixel.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from spe1_builder.benchmark.localization.methods.registry import METHODS
from spe1_builder.benchmark.localization.words import Level
from spe1_builder.models import Model
from spe1_builder.packaged import packaged_text

#: Templates at day 0: 11 cells, once for each of 5 seeds.
N_TEMPLATES = 55


class _NoDegradation(Model, extra="ignore"):
    template_accuracy: dict[str, float]
    spike_accuracy: dict[str, float]
    template_mae_um: dict[str, float]
    spike_mae_um: dict[str, float]


class _Curves(Model, extra="ignore"):
    true_dead_electrodes: list[int]
    template_accuracy: dict[str, Any]
    spike_accuracy: dict[str, list[float]]
    template_mae_um: dict[str, list[float]]
    spike_mae_um: dict[str, list[float]]
    template_drift_um: dict[str, list[float]]


class Published(Model, extra="ignore"):
    """``zhao2026_published.json``; the methods go by the paper's abbreviations."""

    source: str
    tolerance_um: float
    cells: list[str]
    no_degradation: _NoDegradation
    degradation: _Curves
    grid_search: dict[str, Any]
    authors_code: dict[str, Any]

    def accuracy(self, level: Level, method: str) -> float | None:
        """Without degradation; None for what the paper does not have."""
        clean = self.no_degradation
        table = clean.template_accuracy if level == "templates" else clean.spike_accuracy
        return table.get(_short(method))

    def median_error_um(self, level: Level, method: str) -> float | None:
        """Without degradation; None for what the paper does not have."""
        clean = self.no_degradation
        table = clean.template_mae_um if level == "templates" else clean.spike_mae_um
        return table.get(_short(method))

    def has(self, method: str) -> bool:
        """Whether the paper has this method."""
        return _short(method) in self.no_degradation.template_accuracy

    def curve(self, quantity: str, level: Level, method: str) -> list[float] | None:
        """A curve of figure 4 over the days, by ``accuracy``, ``error`` or ``drift``."""
        curves, name = self.degradation, _short(method)
        if quantity == "drift":
            return curves.template_drift_um.get(name) if level == "templates" else None
        if quantity == "error":
            table = curves.template_mae_um if level == "templates" else curves.spike_mae_um
            return table.get(name)
        if level == "spikes":
            return curves.spike_accuracy.get(name)
        counts = curves.template_accuracy.get(name)
        return None if counts is None else [count / N_TEMPLATES for count in counts]


def _short(method: str) -> str:
    """The paper's abbreviation; of what is no method there is none, and no number."""
    return METHODS[method].short if method in METHODS else ""


@cache
def published() -> Published:
    """The published reference that comes with the package."""
    text = packaged_text("benchmark/localization/zhao2026/zhao2026_published.json")
    return Published.model_validate_json(text)
