"""Artificial templates on a fine grid, and the match of waveforms with them.

The method is SpikeInterface's grid convolution. Only the grid points near the peak
channel are ever made, as only they are tried: a few hundred of some 24,000.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spe1_builder.benchmark.localization.methods.grid_convolution.params import (
    GridConvolutionParams,
)
from spe1_builder.benchmark.localization.methods.task import Task


@dataclass(frozen=True)
class Grid:
    """Artificial templates around one peak channel.

    Attributes
    ----------
    points_um : np.ndarray
        float64 (n_points, 2).
    channels : np.ndarray
        int64 (n_used,): channels on which any of the templates is not zero, ascending.
    weights : np.ndarray
        float32 (n_depths, n_used, n_points): amplitudes; the norm over channels is 1.
    """

    points_um: np.ndarray
    channels: np.ndarray
    weights: np.ndarray


def _params(task: Task) -> GridConvolutionParams:
    assert isinstance(task.params, GridConvolutionParams)
    return task.params


def _axis_um(coordinates_um: np.ndarray, params: GridConvolutionParams) -> np.ndarray:
    """Grid lines along one axis, a margin beyond the outermost channels: float64 (n,)."""
    start = coordinates_um.min() - params.margin_um
    stop = coordinates_um.max() + params.margin_um
    return np.arange(start, stop + params.upsampling_um / 10, params.upsampling_um)


def make_grid(task: Task) -> Grid:
    """The grid points within the radius of the peak channel, and their templates."""
    params = _params(task)
    peak_um = task.positions_um[task.peak_index]
    lines_um = []
    for axis in range(2):
        all_um = _axis_um(task.positions_um[:, axis], params)
        # A hair more than the radius; the distance itself decides below.
        lines_um.append(all_um[np.abs(all_um - peak_um[axis]) <= params.radius_um + 1e-6])
    x_um, y_um = np.meshgrid(*lines_um)
    points_um = np.stack([x_um.ravel(), y_um.ravel()], axis=1)
    distances_um = np.sqrt(((points_um - peak_um) ** 2).sum(axis=1))
    points_um = points_um[distances_um <= params.radius_um]
    offsets_um = task.positions_um[:, np.newaxis] - points_um
    squares_um2 = (offsets_um**2).sum(axis=2)
    seen = _seen(squares_um2, params)
    weights = _weights(squares_um2[seen], len(squares_um2), params)
    is_used = (weights > 0).any(axis=(0, 2))
    return Grid(points_um, seen[is_used], np.ascontiguousarray(weights[:, is_used]))


def _seen(squares_um2: np.ndarray, params: GridConvolutionParams) -> np.ndarray:
    """Channels that have any part in a template's norm, ascending: int64 (n_seen,).

    The decay is slowest for the deepest sources; what is below 1e-9 of the nearest
    channel's amplitude there is lost in float32, and its square more so.
    """
    deepest_um2 = max(params.depths_um) ** 2
    distances_um = np.sqrt(squares_um2 + deepest_um2)
    behind_um = distances_um - distances_um.min(axis=0)
    return np.flatnonzero((behind_um < params.decay_um * np.log(1e9)).any(axis=1))


def _weights(squares_um2: np.ndarray, n_channels: int, params: GridConvolutionParams) -> np.ndarray:
    """Amplitude on every channel of a source below every point: float32 (depth, channel, point).

    Exponential in the distance, to unit norm, pruned below 0.5 / sqrt(n_channels), to unit
    norm again; in float32 as SpikeInterface does it, because the deepest sources' squares
    are subnormal numbers of a few bits there.
    """
    depths_um = np.asarray(params.depths_um)
    weights = np.empty((len(depths_um), *squares_um2.shape), dtype=np.float32)
    for i, depth_um in enumerate(depths_um):
        weights[i] = np.exp(-np.sqrt(squares_um2 + depth_um**2) / params.decay_um)
    for threshold in (0.5 / np.sqrt(n_channels), 0.0):
        with np.errstate(divide="ignore", invalid="ignore"):
            weights /= np.linalg.norm(weights, axis=1)[:, np.newaxis, :]
        weights[~np.isfinite(weights)] = 0.0
        weights[weights < threshold] = 0.0
    return weights


def channels_of(task: Task) -> np.ndarray:
    """Channels whose samples matter: int64 (n_used,), ascending."""
    return make_grid(task).channels


def prototype_of(task: Task) -> np.ndarray:
    """Time course of the artificial templates: float (n_samples,).

    The median over spikes leaves out those that are zero or not finite at the spike.
    """
    params = _params(task)
    if params.prototype == "spikes":
        peak_uV = np.asarray(task.waveforms_uV[:, :, task.peak_index], dtype=np.float32)
        at_spike = np.abs(peak_uV[:, task.n_before])
        usable = np.isfinite(peak_uV).all(axis=1) & (at_spike > 0)
        if not usable.any():
            return np.zeros(peak_uV.shape[1], dtype=np.float32)
        return np.median(peak_uV[usable] / at_spike[usable, np.newaxis], axis=0)
    n_samples = task.waveforms_uV.shape[1]
    times_ms = (
        np.arange(-task.n_before, n_samples - task.n_before) * 1000 / (task.sampling_frequency_hz)
    )
    return -np.exp(-(times_ms**2) / (2 * params.sigma_ms**2))
