"""What a simulated cell knows of itself: ``truth/cXX.json`` and ``truth/cXX.npz``.

The JSON also keeps a mark of each raw file, by which `is_simulated` tells them from
real ones that were put in their place.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np

from spe1_builder.disk.atomic import write_text
from spe1_builder.disk.bounded import read_bounded
from spe1_builder.errors import MissingFileError, RawDataError
from spe1_builder.layout import RawLayout
from spe1_builder.origins import Origin
from spe1_builder.source.simulation.options import SimulationOptions

#: What goes to the arrays' file; everything else is in the JSON.
_ARRAY_FIELDS = (
    "patch_samples",
    "npx_samples",
    "amplitudes",
    "template_uV",
    "background_samples",
    "background_units",
)
#: Where the JSON keeps the marks of the raw files, which are no part of `CellTruth`.
_FILES_KEY = "files"
#: What makes a recording: the files that `is_simulated` looks at.
_RECORDING = ("npx_raw", "patch")
#: So much of a file is hashed: two recordings differ long before.
_HEAD_BYTES = 1_000_000
#: About 130 bytes a background neuron.
_MAX_TRUTH_BYTES = 64_000_000


@dataclass(frozen=True, eq=False, repr=False)
class CellTruth:
    """Everything that was planted in one simulated cell.

    Attributes
    ----------
    cell_id : str
    patch_type : str
        Release name, for instance "Juxta, VC".
    location_um : tuple of float
        The patched soma: x and y in the plane of the probe, z away from it. Of a semi-real
        one, the point source that fits its footprint best.
    electrode : int
        ``chan_predicted`` of the catalogue. A simulated soma lies in front of it, a semi-real
        one where the real one does.
    peak_channel : int
        Channel of the largest template; of a simulated cell the electrode, unless that is a
        reference site.
    peak_to_peak_uV : float
        Of the template on the peak channel, at amplitude factor 1.
    n_npx, n_patch : int
        Samples of the two streams.
    patch_rate_hz : float
        On the NPX clock: n_patch / n_npx x 30,000.
    trough_index : int
        Sample of ``template_uV`` that the spike times point at.
    background_locations_um : tuple
        (x, y, z) of each background neuron.
    background_peak_to_peak_uV : tuple of float
        Each on its own peak channel.
    options : SimulationOptions
    patch_samples : np.ndarray
        int64 (n_spikes,), peaks in the patch trace.
    npx_samples : np.ndarray
        float64 (n_spikes,), the same instants in NPX samples: the extracellular troughs, but of
        a semi-real cell, whose trough is before or after the patch spike.
    amplitudes : np.ndarray
        float32 (n_spikes,), factor of the template.
    template_uV : np.ndarray
        float32 (n_samples, 384).
    background_samples : np.ndarray
        float64 (n_background_spikes,), NPX samples, ascending.
    background_units : np.ndarray
        int64 (n_background_spikes,), index into ``background_locations_um``.
    """

    cell_id: str
    patch_type: str
    location_um: tuple[float, float, float]
    electrode: int
    peak_channel: int
    peak_to_peak_uV: float
    n_npx: int
    n_patch: int
    patch_rate_hz: float
    trough_index: int
    background_locations_um: tuple[tuple[float, float, float], ...]
    background_peak_to_peak_uV: tuple[float, ...]
    options: SimulationOptions
    patch_samples: np.ndarray
    npx_samples: np.ndarray
    amplitudes: np.ndarray
    template_uV: np.ndarray
    background_samples: np.ndarray
    background_units: np.ndarray

    @property
    def origin(self) -> Literal["semi-real", "simulated"]:
        """What kind of cell it is."""
        return self.options.origin

    def __repr__(self) -> str:
        """One line, not the arrays."""
        x_um, y_um, z_um = self.location_um
        kind = "semi-real, " if self.origin == "semi-real" else ""
        what = f"{kind}{self.options.duration_s:g} s, {len(self.npx_samples)} spikes"
        return (
            f"<CellTruth of {self.cell_id}, {self.patch_type}: {what} of "
            f"{self.peak_to_peak_uV:.0f} uV at ({x_um:.0f}, {y_um:.0f}, {z_um:.0f}) um, "
            f"electrode {self.electrode}>"
        )

    def background_train(self, unit: int) -> np.ndarray:
        """NPX samples of one background neuron's spikes: float64 (n,)."""
        samples: np.ndarray = self.background_samples[self.background_units == unit]
        return samples


def write_truth(raw_dir: Path, truth: CellTruth, files: Mapping[str, Path]) -> None:
    """Write both files of one cell.

    Parameters
    ----------
    raw_dir : Path
    truth : CellTruth
    files : mapping
        The raw files, finished, by their kind; those that are not there are left out.
    """
    folder = RawLayout(raw_dir).truth
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {name: getattr(truth, name) for name in _ARRAY_FIELDS}
    facts = {
        field.name: getattr(truth, field.name)
        for field in fields(truth)
        if field.name not in _ARRAY_FIELDS
    }
    facts["options"] = asdict(truth.options)
    facts[_FILES_KEY] = {kind: _mark(path) for kind, path in files.items() if path.exists()}
    np.savez(folder / f"{truth.cell_id}.npz", allow_pickle=False, **arrays)
    text = json.dumps(facts, indent=2, allow_nan=False)
    write_text(folder / f"{truth.cell_id}.json", text + "\n")


def read_truth(raw_dir: Path | str, cell_id: str) -> CellTruth:
    """What was planted in a simulated cell.

    Parameters
    ----------
    raw_dir : Path
        The simulated archive.
    cell_id : str

    Raises
    ------
    MissingFileError
        No truth there: the cell is real, or was not simulated here.
    RawDataError
        The files do not read as this version's.
    """
    folder = RawLayout(Path(raw_dir)).truth
    facts_path, arrays_path = folder / f"{cell_id}.json", folder / f"{cell_id}.npz"
    for path in (facts_path, arrays_path):
        if not path.is_file():
            raise MissingFileError(
                f"There is no planted truth of {cell_id}.",
                where=path,
                do="only a simulated cell has one; simulate it into this folder",
            )
    try:
        facts: dict[str, Any] = json.loads(facts_path.read_text(encoding="utf-8"))
        facts["options"] = SimulationOptions(**facts["options"])
        facts.pop(_FILES_KEY, None)
        facts["location_um"] = tuple(facts["location_um"])
        facts["background_locations_um"] = tuple(map(tuple, facts["background_locations_um"]))
        facts["background_peak_to_peak_uV"] = tuple(facts["background_peak_to_peak_uV"])
        with np.load(arrays_path, allow_pickle=False) as arrays:
            return CellTruth(**facts, **{name: arrays[name] for name in _ARRAY_FIELDS})
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise RawDataError(
            f"The planted truth of {cell_id} cannot be read.",
            where=folder,
            got=f"{type(error).__name__}: {error}",
            do="simulate the cell again",
        ) from error


def changed_files(raw_dir: Path, cell_id: str) -> list[str]:
    """Names of a simulated cell's files that are gone, or not as they were written.

    Parameters
    ----------
    raw_dir : Path
    cell_id : str
        One that `is_simulated`.
    """
    layout = RawLayout(raw_dir)
    changed = []
    for kind, mark in _read_marks(layout, cell_id).items():
        path = layout.cell_file(cell_id, kind)
        if not path.is_file() or _mark(path) != mark:
            changed.append(path.name)
    return changed


def simulated_cells(raw_dir: Path) -> list[str]:
    """Ids of the cells that this folder holds the truth of; `is_simulated` says if it holds."""
    return sorted(path.stem for path in RawLayout(raw_dir).truth.glob("c*.json"))


def is_simulated(raw_dir: Path, cell_id: str, files: Mapping[str, Path] | None = None) -> bool:
    """Whether a recording is the one whose truth lies beside it; never raises.

    Parameters
    ----------
    raw_dir : Path
        Holds ``truth/``.
    cell_id : str
    files : mapping, optional
        Where the raw files lie, by the keys of `spe1_builder.layout.RAW_SUFFIXES`; without
        it they lie in ``raw_dir``, under the release's names.

    Returns
    -------
    bool
        The NPX and the patch recording have the size and the first bytes that the
        truth states. False where there is no truth or it does not read.
    """
    layout = RawLayout(Path(raw_dir))
    if files is None:
        files = {kind: layout.cell_file(cell_id, kind) for kind in _RECORDING}
    try:
        marks = _read_marks(layout, cell_id)
        return all(_mark(files[kind]) == marks[kind] for kind in _RECORDING)
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return False


def origin_of(raw_dir: Path, cell_id: str, files: Mapping[str, Path] | None = None) -> Origin:
    """What kind of recording lies here; parameters as `is_simulated`.

    Raises
    ------
    RawDataError
        There is a truth of this cell, but not of this recording: what it is, nobody can tell.
    """
    raw_dir = Path(raw_dir)
    path = RawLayout(raw_dir).truth / f"{cell_id}.json"
    if not path.is_file():
        return "recorded"
    if is_simulated(raw_dir, cell_id, files):
        return told_origin(raw_dir, cell_id)
    raise RawDataError(
        f"The recording of {cell_id} is not the one whose truth lies beside it.",
        where=path,
        expected="the Neuropixels and patch streams that were simulated, or no truth",
        got="other streams: replaced, cut or changed",
        do=(
            "simulate the cell again (--overwrite); or move its truth away, if the recording "
            "is a real one"
        ),
    )


def told_origin(raw_dir: Path, cell_id: str) -> Literal["semi-real", "simulated"]:
    """What the truth of a cell says it is, whatever lies beside it; never raises."""
    try:
        options = _read_facts(RawLayout(Path(raw_dir)), cell_id)["options"]
        return "semi-real" if options["semi_real"] is True else "simulated"
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return "simulated"  # one of before there were others, or one that does not read


def _read_marks(layout: RawLayout, cell_id: str) -> dict[str, Any]:
    """The marks of a cell's files, by their kind."""
    marks: dict[str, Any] = _read_facts(layout, cell_id)[_FILES_KEY]
    return marks


def _read_facts(layout: RawLayout, cell_id: str) -> dict[str, Any]:
    """The JSON of a cell's truth."""
    path = layout.truth / f"{cell_id}.json"
    text = read_bounded(path, _MAX_TRUTH_BYTES, f"The truth of {cell_id}").decode()
    facts: dict[str, Any] = json.loads(text)
    return facts


def _mark(path: Path) -> dict[str, Any]:
    """What a raw file is known by: its size and the hash of its first megabyte."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    return {"size": path.stat().st_size, "head_sha256": hashlib.sha256(head).hexdigest()}
