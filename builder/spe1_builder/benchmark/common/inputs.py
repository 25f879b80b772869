"""A cell as the benchmark sees it: ``templates.npz`` and ``conversion_metadata.json``.

Kilobytes; the Arrow rows (13 GB a cell) are needed for spikes only. The metadata may be
this project's, or that of the public conversion, which has fewer keys.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, ValidationError

from spe1_builder.benchmark.common.bounded import read_arrays, read_json
from spe1_builder.cells import get_cell
from spe1_builder.constants import N_CHANNELS, NPX_RATE_HZ
from spe1_builder.dataset.metadata import FORMAT_VERSION, ConversionMetadata
from spe1_builder.errors import MissingFileError, OutputError, UnknownCellError
from spe1_builder.layout import METADATA_NAME, TEMPLATES_NAME, RootLayout
from spe1_builder.models import Model, first_problem
from spe1_builder.origins import Origin

_REBUILD = "build the cell again (spe1 build --force), or fetch the file again"
_ARRAYS = ("templates", "probe_positions", "nbefore", "sampling_frequency")
#: A window of 2 s, the longest that a build takes, on every channel in float64, and more.
_MOST_TEMPLATE_BYTES = 256_000_000
#: Beyond any amplitude in uV or counts, and far below where float32 overflows in a square.
_LARGEST = 1e9


class _PublicMetadata(Model, extra="ignore"):
    """What the benchmark needs of the public conversion's metadata; the rest is ignored."""

    unit_locations_um: dict[str, list[float]]
    gt_electrode_chan_idx: int = Field(ge=0, lt=N_CHANNELS)
    bad_channel_ids: list[Annotated[int, Field(ge=0, lt=N_CHANNELS)]]
    n_spikes_total: int


@dataclass(frozen=True, eq=False)
class CellInput:
    """A cell to be scored.

    Attributes
    ----------
    cell_id : str
    folder : Path
    template_uV : np.ndarray
        float32 (n_samples, n_channels); in the public conversion counts, which no
        method minds.
    n_before : int
        Sample of the spike within the template.
    positions_um : np.ndarray
        float64 (n_channels, 2).
    sampling_frequency_hz : float
    target_um : np.ndarray
        float64 (2,): the ground-truth electrode.
    gt_channel : int
        Channel of the ground-truth electrode.
    bad_channels : tuple of int
    n_spikes : int
        In the analysis window.
    origin : str or None
        What kind of recording it is; None where the metadata does not say.
    metadata : ConversionMetadata or None
        None where the metadata is not this project's.
    metadata_form : {"spe1", "public", "scraps"}
        This project's, the public conversion's, or none: a digitised template.
    """

    cell_id: str
    folder: Path
    template_uV: np.ndarray
    n_before: int
    positions_um: np.ndarray
    sampling_frequency_hz: float
    target_um: np.ndarray
    gt_channel: int
    bad_channels: tuple[int, ...]
    n_spikes: int
    origin: Origin | None
    metadata: ConversionMetadata | None
    metadata_form: Literal["spe1", "public", "scraps"]

    @property
    def simulated(self) -> bool | None:
        """Whether it was not recorded; None where the metadata does not say."""
        return None if self.origin is None else self.origin != "recorded"

    @property
    def fingerprint(self) -> str | None:
        return None if self.metadata is None else self.metadata.provenance.fingerprint


@dataclass(frozen=True, eq=False)
class Masked:
    """The channels that take part, and the largest of them.

    Attributes
    ----------
    channels : np.ndarray
        int64 (n_kept,), ascending.
    positions_um : np.ndarray
        float64 (n_kept, 2).
    peak_index : int
        Into ``channels``: the template's largest channel.
    """

    channels: np.ndarray
    positions_um: np.ndarray
    peak_index: int

    @property
    def peak_channel(self) -> int:
        """The same as a channel of the probe."""
        return int(self.channels[self.peak_index])


def kept_channels(bad_channels: Sequence[int]) -> np.ndarray:
    """The probe's channels without the bad ones: int64 (n_kept,), ascending."""
    return np.setdiff1d(np.arange(N_CHANNELS), np.asarray(bad_channels, dtype=np.int64))


def mask(template_uV: np.ndarray, positions_um: np.ndarray, channels: np.ndarray) -> Masked:
    """The kept channels of a template and its peak among them.

    The peak is the largest absolute value, as the metadata's ``unit_peak_channel``.

    Parameters
    ----------
    template_uV : np.ndarray
        float32 (n_samples, n_channels).
    positions_um : np.ndarray
        (n_channels, 2).
    channels : np.ndarray
        int64 (n_kept,).
    """
    peak_index = int(np.abs(template_uV[:, channels]).max(axis=0).argmax())
    return Masked(channels, positions_um[channels], peak_index)


def read_cell(root: Path, cell_id: str) -> CellInput:
    """Read what the benchmark needs of a cell, and check that it can be scored.

    Raises
    ------
    UnknownCellError
        SPE-1 has no such cell, so that no electrode is known for it.
    MissingFileError
        The cell or one of its two files is not there.
    OutputError
        A file is damaged or of another version, the electrode is missing, no channel
        is left, or the template is empty.
    """
    get_cell(cell_id)
    folder = RootLayout(root).cell(cell_id)
    if not folder.is_dir():
        raise MissingFileError(
            f"{cell_id} has not been built here.",
            where=folder,
            do=f"build it: spe1 build {cell_id} --raw-dir .raw --root {root}",
        )
    metadata = _read_metadata(folder / METADATA_NAME)
    template_uV, positions_um, n_before, rate_hz = _read_templates(folder / TEMPLATES_NAME)
    place = metadata.unit_locations_um.get("0", [])
    if len(place) < 2:
        raise OutputError(
            f"{cell_id} has no ground-truth electrode.",
            where=folder / METADATA_NAME,
            expected="unit_locations_um['0'] = [x, y, z] in um",
            got=metadata.unit_locations_um,
            do=_REBUILD,
        )
    if len(kept_channels(metadata.bad_channel_ids)) == 0:
        raise OutputError(
            f"Every channel of {cell_id} is marked as bad.",
            where=folder / METADATA_NAME,
            expected=f"fewer than {N_CHANNELS} bad_channel_ids",
            got=len(metadata.bad_channel_ids),
            do="build it again with other --bad-channel-chunks, or see the recording itself",
        )
    ours = metadata if isinstance(metadata, ConversionMetadata) else None
    return CellInput(
        cell_id=cell_id,
        folder=folder,
        template_uV=template_uV,
        n_before=n_before,
        positions_um=positions_um,
        sampling_frequency_hz=rate_hz,
        target_um=np.array(place[:2], dtype=np.float64),
        gt_channel=metadata.gt_electrode_chan_idx,
        bad_channels=tuple(metadata.bad_channel_ids),
        n_spikes=metadata.n_spikes_total,
        origin=None if ours is None else ours.provenance.kind,
        metadata=ours,
        metadata_form="public" if ours is None else "spe1",
    )


def metadata_state(root: Path, cell_id: str) -> str | None:
    """A hash of the cell's metadata as they are now, to see whether it is rebuilt meanwhile.

    Returns
    -------
    str or None
        None where they are not there or cannot be read.
    """
    try:
        get_cell(cell_id)
        content, _ = read_json(RootLayout(root).cell(cell_id) / METADATA_NAME)
    except (UnknownCellError, OutputError, OSError):
        return None
    return hashlib.sha256(content).hexdigest()


def _read_metadata(path: Path) -> ConversionMetadata | _PublicMetadata:
    content, values = read_json(path)
    try:
        if not isinstance(values, dict) or values.get("format_version") == FORMAT_VERSION:
            return ConversionMetadata.model_validate_json(content)
    except ValidationError as error:
        raise OutputError(
            f"{path.name} is malformed, or was written by another version.",
            where=path,
            got=first_problem(error),
            do=_REBUILD,
        ) from error
    if "format_version" in values:
        raise OutputError(
            f"{path.name} is of another version.",
            where=path,
            expected=f"format_version {FORMAT_VERSION}",
            got=values["format_version"],
            do="use the spe1 that built the cell, or build it again with this one",
        )
    try:
        return _PublicMetadata.model_validate(values)
    except ValidationError as error:
        raise OutputError(
            f"{path.name} is neither this project's nor the public conversion's.",
            where=path,
            got=first_problem(error),
            do=_REBUILD,
        ) from error


def _read_templates(path: Path) -> tuple[np.ndarray, np.ndarray, int, float]:
    """Template (n_samples, n_channels), positions (n_channels, 2), n_before, rate."""

    def error(what: str, expected: object = None, got: object = None) -> OutputError:
        return OutputError(what, where=path, expected=expected, got=got, do=_REBUILD)

    arrays = read_arrays(path, _ARRAYS, _MOST_TEMPLATE_BYTES)
    for name, values in arrays.items():
        if values.dtype.kind not in "fiu":
            raise error(f"{name} holds no numbers.", "integers or floats", values.dtype)
    templates, positions_um = arrays["templates"], arrays["probe_positions"]
    if templates.ndim != 3 or templates.shape[::2] != (1, N_CHANNELS):
        raise error("There is not one template.", f"(1, n, {N_CHANNELS})", templates.shape)
    if positions_um.shape != (N_CHANNELS, 2) or not np.isfinite(positions_um).all():
        raise error(
            "The positions are not a place per channel.", (N_CHANNELS, 2), positions_um.shape
        )
    if not np.isfinite(templates).all():
        raise error("The template holds NaN or infinity.", "finite numbers")
    if np.abs(templates).max(initial=0.0) > _LARGEST:
        raise error("The template holds values that no electrode records.", f"up to {_LARGEST:g}")
    if not templates.any():
        raise error("The template is all zeros: it was made of fewer than two spikes.")
    n_before = _whole_number(arrays["nbefore"])
    if n_before is None or not 0 <= n_before < templates.shape[1]:
        raise error(
            "The spike lies outside the template.",
            f"nbefore in [0, {templates.shape[1]})",
            arrays["nbefore"].tolist() if arrays["nbefore"].size < 4 else arrays["nbefore"].shape,
        )
    rate_hz = arrays["sampling_frequency"]
    if rate_hz.size != 1 or not math.isclose(rate_hz.item(), NPX_RATE_HZ, rel_tol=1e-3):
        raise error("The sampling frequency is another.", f"{NPX_RATE_HZ:g} Hz", rate_hz)
    return (
        np.ascontiguousarray(templates[0], dtype=np.float32),
        positions_um.astype(np.float64),
        n_before,
        float(rate_hz.item()),
    )


def _whole_number(values: np.ndarray) -> int | None:
    """The one whole number of an array; None where it holds something else."""
    if values.size != 1 or not float(values.item()).is_integer():
        return None
    return int(values.item())
