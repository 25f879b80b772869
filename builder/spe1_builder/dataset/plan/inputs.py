"""What a build takes in: where it lies, what it says, and the hash of it all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spe1_builder.cells import PATCH_TYPES, PatchType
from spe1_builder.dataset.plan.fingerprint import (
    HashCache,
    RawFile,
    facts_of,
    fingerprint,
    hash_files,
)
from spe1_builder.dataset.plan.options import BuildOptions
from spe1_builder.disk.bounded import read_bounded
from spe1_builder.errors import MissingFileError, SummaryError
from spe1_builder.layout import RawLayout, RootLayout
from spe1_builder.origins import Origin
from spe1_builder.probe import MAX_MAP_BYTES, read_positions_um
from spe1_builder.progress import Progress
from spe1_builder.source.recording.content import check_content
from spe1_builder.source.recording.held_lengths import require_lengths
from spe1_builder.source.recording.raw import RawCell, open_raw_cell
from spe1_builder.source.recording.summary import Summary, read_summary
from spe1_builder.source.simulation.truth import origin_of

#: Raw files that decide what is written; the sync channels do not.
_ROLES = ("npx_raw", "patch", "spikes", "meta")


@dataclass(frozen=True)
class Sources:
    """Where the inputs lie.

    Attributes
    ----------
    raw_dir : Path
        Folder that holds ``Recordings/cXX/``, ``chanMap.mat``, ``Data Summary.xlsx``.
    chan_map, summary : Path, optional
        Where they lie elsewhere.
    recordings : Path, optional
        Folder of the cells' folders, where it is not ``raw_dir/Recordings``.
    """

    raw_dir: Path
    chan_map: Path | None = None
    summary: Path | None = None
    recordings: Path | None = None

    @property
    def chan_map_path(self) -> Path:
        return Path(self.chan_map or RawLayout(Path(self.raw_dir)).chan_map)

    @property
    def summary_path(self) -> Path:
        return Path(self.summary or RawLayout(Path(self.raw_dir)).summary)

    def cell_dir(self, cell_id: str) -> Path:
        return Path(self.recordings or RawLayout(Path(self.raw_dir)).recordings) / cell_id


@dataclass(frozen=True, eq=False)
class SharedFiles:
    """What the archive has once for all cells, read once.

    Attributes
    ----------
    chan_map : bytes
        ``chanMap.mat`` itself.
    positions_um : np.ndarray
        float32 (n_channels, 2), what it says.
    summary : Summary
        ``Data Summary.xlsx``.
    """

    chan_map: bytes
    positions_um: np.ndarray
    summary: Summary


@dataclass(frozen=True, eq=False)
class Inputs:
    """A cell's inputs, read and checked.

    Attributes
    ----------
    raw : RawCell
    shared : SharedFiles
    patch_type : PatchType
    gt_channel : int
        Ground-truth electrode.
    chan_highest : int
        Channel of the largest spike-triggered average, by the summary.
    origin : str
        What kind of recording the raw files are; see `spe1_builder.origins`.
    """

    raw: RawCell
    shared: SharedFiles
    patch_type: PatchType
    gt_channel: int
    chan_highest: int
    origin: Origin


@dataclass(frozen=True)
class InputIdentity:
    """The raw files by content, what the summary says, and the fingerprint of a build of them."""

    raw_files: list[RawFile]
    summary_facts: dict[str, Any]
    fingerprint: str


def read_shared_files(sources: Sources) -> SharedFiles:
    """Read the channel map and the summary.

    Raises
    ------
    MissingFileError, ProbeError, SummaryError
        They are not there, or not what they should be.
    """
    raw_dir = Path(sources.raw_dir)
    if not raw_dir.is_dir() and (sources.chan_map is None or sources.summary is None):
        raise MissingFileError(
            f"The raw folder {'is no folder' if raw_dir.exists() else 'does not exist'}.",
            where=raw_dir.absolute(),
            expected="Recordings/cXX/, chanMap.mat and 'Data Summary.xlsx'",
            do="name it with raw_dir= (--raw-dir); spe1 download or spe1 simulate make one",
        )
    summary = read_summary(sources.summary_path)
    positions_um = read_positions_um(sources.chan_map_path)
    chan_map = read_bounded(sources.chan_map_path, MAX_MAP_BYTES, "The channel map")
    return SharedFiles(chan_map, positions_um, summary)


def read_inputs(cell_id: str, sources: Sources) -> Inputs:
    """Read the shared files, and find and check the cell's raw files.

    Raises
    ------
    Spe1Error
        The summary, the channel map or the raw files are unusable.
    """
    shared = read_shared_files(sources)
    row = shared.summary.row(cell_id)
    patch_type = PATCH_TYPES.get(row.patch_type)
    if patch_type is None:
        raise SummaryError(
            f"The Patch Type of {cell_id} is not known.",
            where=sources.summary_path,
            expected=" or ".join(repr(name) for name in PATCH_TYPES),
            got=repr(row.patch_type),
            do="correct that cell of the table: units and polarity of the trace depend on it",
        )
    raw = open_raw_cell(
        Path(sources.raw_dir),
        cell_id,
        cell_dir=sources.cell_dir(cell_id),
        patch_rate_hz=row.patch_rate_hz,
    )
    origin = origin_of(Path(sources.raw_dir), cell_id, raw.files)
    if origin == "recorded":
        require_lengths(raw, row)
    check_content(raw)
    return Inputs(raw, shared, patch_type, row.chan_predicted, row.chan_highest, origin)


def input_files(inputs: Inputs, sources: Sources) -> dict[str, Path]:
    """The files that decide what is written, by role."""
    files = {role: path for role, path in inputs.raw.files.items() if role in _ROLES}
    return files | {"chan_map": sources.chan_map_path}


def identify(
    layout: RootLayout,
    inputs: Inputs,
    sources: Sources,
    options: BuildOptions,
    progress: Progress,
    *,
    is_anew: bool = False,
) -> InputIdentity:
    """Hashes of the raw files and the fingerprint of what this build would write.

    ``is_anew`` reads every file, whatever is known of it.
    """
    cell_id = inputs.raw.cell_id
    cache = HashCache(layout.private / f"{cell_id}.hashes.json", is_trusted=not is_anew)
    raw_files = hash_files(input_files(inputs, sources), cache, progress)
    cache.save()
    facts = facts_of(inputs.gt_channel, inputs.chan_highest, inputs.patch_type.release_name)
    made = fingerprint(cell_id, raw_files, facts, options.as_dict())
    return InputIdentity(raw_files, facts, made)
