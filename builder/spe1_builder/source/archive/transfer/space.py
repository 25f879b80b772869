"""The bytes that a download takes: packed, unpacked, and built; known before it begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from spe1_builder.cells import get_cell
from spe1_builder.constants import N_CHANNELS, NPX_RATE_HZ
from spe1_builder.disk.space import require_space
from spe1_builder.source.archive.server.listing import CellFiles
from spe1_builder.source.recording.summary import Summary, length_min

#: Bytes of a sample of the two streams with their sync channels: int16 and float64.
_NPX_BYTES, _PATCH_BYTES = (N_CHANNELS + 1) * 2, 16
#: Built: float32 traces; of a patch sample a float32 value and a float64 time.
_BUILT_NPX_BYTES, _BUILT_PATCH_BYTES = N_CHANNELS * 4, 12


@dataclass(frozen=True)
class SpaceNeeded:
    """Bytes that a download will take.

    Attributes
    ----------
    packed : int
        What is still to come of the packed files, as far as they lie here at once.
    raw : int
        The unpacked cells.
    built : int
        What a build of them will write at most.
    """

    packed: int
    raw: int
    built: int

    def require(self, raw_dir: Path, root: Path | None) -> None:
        """Check the disks before anything is fetched.

        Parameters
        ----------
        raw_dir : Path
            Exists.
        root : Path, optional
            Dataset root, where the cells will be built; left out, no room is kept for it.

        Raises
        ------
        SpaceError
        """
        do = "free some room, choose another disk (--raw-dir, --root), or name fewer cells"
        here, what = self.packed + self.raw, "the download (packed and unpacked)"
        if root is not None:
            place = _existing(root)
            if place.stat().st_dev == raw_dir.stat().st_dev:
                here, what = here + self.built, f"{what} and the build"
            else:
                require_space(place, self.built, "the build", do=do)
        require_space(raw_dir, here, what, do=do)


def plan_space(
    cells: Sequence[CellFiles],
    summary: Summary,
    *,
    fetched: Mapping[str, int],
    is_local: bool,
    keep_archive: bool,
    window_s: float,
) -> SpaceNeeded:
    """How much the cells will take.

    Parameters
    ----------
    cells : sequence of CellFiles
    summary : Summary
        Has the lengths of the recordings.
    fetched : mapping of str to int
        Bytes of each cell's packed file that are here already.
    is_local : bool
        Packed files are read where they lie.
    keep_archive : bool
        Packed files stay, instead of one at a time.
    window_s : float
        Longest analysis window of a build.
    """
    lengths_s = recording_lengths_s(summary)
    to_come = [
        cell.packed.size - fetched.get(cell.cell_id, 0)
        for cell in cells
        if cell.packed is not None and not is_local
    ]
    raw = built = 0
    for cell in cells:
        seconds = lengths_s.get(cell.cell_id, get_cell(cell.cell_id).recording_length_min * 60)
        rate_hz = get_cell(cell.cell_id).patch_rate_hz
        unpacked = seconds * (NPX_RATE_HZ * _NPX_BYTES + rate_hz * _PATCH_BYTES)
        raw += int(unpacked) if cell.packed is not None else cell.n_bytes
        window = min(seconds, window_s)
        built += int(window * (NPX_RATE_HZ * _BUILT_NPX_BYTES + rate_hz * _BUILT_PATCH_BYTES))
    packed = sum(to_come) if keep_archive else max(to_come, default=0)
    return SpaceNeeded(packed, raw, built)


def recording_lengths_s(summary: Summary) -> dict[str, float]:
    """Seconds of each recording, by cell.

    Raises
    ------
    SummaryError
        A length is no number.
    """
    lengths_s = {}
    for row in summary.table:
        minutes = length_min(row, summary.path)
        if minutes is not None:
            lengths_s[str(row["Cell"]).strip()] = minutes * 60.0
    return lengths_s


def _existing(path: Path) -> Path:
    """The folder itself, or the nearest above it that is there."""
    path = path.absolute()
    return next(folder for folder in (path, *path.parents) if folder.exists())
