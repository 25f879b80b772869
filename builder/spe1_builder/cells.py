"""The catalogue: the 43 paired recordings of SPE-1, from ``cells.csv``.

``cells.csv`` is made from the release's Data Summary by
``scripts/make_cells_csv.py``. Cells c9, c11 and c30 do not exist.
"""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from spe1_builder.errors import OptionError, UnknownCellError
from spe1_builder.label import LabelAudit, LabelCoordinates, audit_label
from spe1_builder.lengths import StreamLengths, stream_lengths
from spe1_builder.packaged import packaged_text

#: The 11 cells of Zhao et al. 2026 (doi:10.1371/journal.pcbi.1014059).
ZHAO_CELLS = ("c14", "c15", "c16", "c19", "c24", "c26", "c28", "c29", "c37", "c45", "c46")
#: Named sets of cells. ``default`` adds c5, the longest whole-cell recording.
CELL_SETS = {"default": ("c5", *ZHAO_CELLS), "zhao": ZHAO_CELLS}
#: Names all 43.
ALL = "all"


@dataclass(frozen=True)
class PatchType:
    """How the neuron was patched.

    Attributes
    ----------
    release_name : str
        As in Data Summary: "Juxta, VC", "Juxta, IC" or "WC, IC".
    public_name : str
        As in the public ``patch.npz``: "juxta" or "wc-ic".
    clamp : str
        "vc" (voltage clamp) or "ic" (current clamp).
    units : str
        "pA" in voltage clamp, "mV" in current clamp.
    polarity : int
        Sign of the spike peak: -1 in voltage clamp, +1 in current clamp.
    """

    release_name: str
    public_name: str
    clamp: str
    units: str
    polarity: int


PATCH_TYPES = {
    kind.release_name: kind
    for kind in (
        PatchType("Juxta, VC", "juxta", "vc", "pA", -1),
        PatchType("Juxta, IC", "juxta", "ic", "mV", +1),
        PatchType("WC, IC", "wc-ic", "ic", "mV", +1),
    )
}


@dataclass(frozen=True)
class Cell:
    """One paired recording of the release.

    Attributes
    ----------
    cell_id : str
    patch_type : PatchType
    chan_predicted : int
        0-based channel of the electrode nearest to the soma.
    chan_highest : int
        0-based channel with the largest spike-triggered average.
    distance_um, depth_um : float
        Soma to electrode; soma below the pia.
    jta_peak_to_peak_uV : float
        Peak-to-peak of the juxtacellular-triggered average.
    n_patch_spikes : int
        In the whole recording.
    recording_length_min : float
    cell_type : str
        "PC" (pyramidal) or "IN" (interneuron).
    patch_rate_hz : float
        Patch sampling rate on the NPX clock.
    session : int
        Each is one insertion of the probe.
    date : str
        Of the recording: "2017-08-31".
    coordinates : LabelCoordinates
        The places that the label was made of.
    """

    cell_id: str
    patch_type: PatchType
    chan_predicted: int
    chan_highest: int
    distance_um: float
    depth_um: float
    jta_peak_to_peak_uV: float
    n_patch_spikes: int
    recording_length_min: float
    cell_type: str
    patch_rate_hz: float
    session: int
    date: str
    coordinates: LabelCoordinates

    @property
    def lengths(self) -> StreamLengths:
        """Samples and bytes of the real recording, exactly."""
        return stream_lengths(self.recording_length_min, self.patch_rate_hz)

    @property
    def label(self) -> LabelAudit:
        """The ground-truth label and what it is worth."""
        return audit_label(self.coordinates, self.chan_predicted)

    @property
    def sets(self) -> tuple[str, ...]:
        """Names of the sets that hold this cell."""
        return tuple(name for name, members in CELL_SETS.items() if self.cell_id in members)


@cache
def catalogue() -> dict[str, Cell]:
    """All cells by id, in the release's order."""
    lines = packaged_text("cells.csv").splitlines()
    return {row["cell_id"]: _cell(row) for row in csv.DictReader(lines)}


def _cell(row: dict[str, str]) -> Cell:
    return Cell(
        cell_id=row["cell_id"],
        patch_type=PATCH_TYPES[row["patch_type"]],
        chan_predicted=int(row["chan_predicted"]),
        chan_highest=int(row["chan_highest"]),
        distance_um=float(row["distance_um"]),
        depth_um=float(row["depth_um"]),
        jta_peak_to_peak_uV=float(row["jta_peak_to_peak_uV"]),
        n_patch_spikes=int(row["n_patch_spikes"]),
        recording_length_min=float(row["recording_length_min"]),
        cell_type=row["cell_type"],
        patch_rate_hz=float(row["patch_rate_hz"]),
        session=int(row["session"]),
        date=row["date"],
        coordinates=LabelCoordinates(
            insertion_um=_place(row, "probe_insert"),
            electrode_um=_place(row, "chan"),
            soma_um=_place(row, "cell"),
            insertion_length_um=float(row["probe_insert_length_um"]),
        ),
    )


def _place(row: dict[str, str], name: str) -> tuple[float, float, float]:
    x_um, y_um, z_um = (float(row[f"{name}_{axis}_um"]) for axis in "xyz")
    return x_um, y_um, z_um


def get_cell(cell_id: str) -> Cell:
    """The catalogue's entry of one cell.

    Raises
    ------
    UnknownCellError
        SPE-1 has no such cell. This is also what keeps names such as ``../x``
        away from the file system.
    OptionError
        It is no name at all.
    """
    if not isinstance(cell_id, str):
        raise OptionError(
            "That is not the name of one cell.",
            where="cell",
            expected="a name such as 'c14'",
            got=f"{cell_id!r:.200}",
            do="give one cell; for several, call it for each",
        )
    cell = catalogue().get(cell_id)
    if cell is None:
        near = difflib.get_close_matches(str(cell_id).lower(), [*catalogue(), *CELL_SETS, ALL], 1)
        raise UnknownCellError(
            f"SPE-1 has no cell {cell_id!r}.",
            expected=f"c1 to c46 without c9, c11 and c30; or a set: {', '.join([*CELL_SETS, ALL])}",
            got=repr(cell_id),
            do=(f"did you mean {near[0]}? " if near else "") + "'spe1 cells' lists all 43",
        )
    return cell


def plain_names(names: Iterable[str]) -> list[str]:
    """Names as people write them, as the catalogue has them; what is no name stays.

    >>> plain_names(["C14", "26", "c5,c15", "Zhao", "x"])
    ['c14', 'c26', 'c5', 'c15', 'zhao', 'x']
    """
    parts = (part.strip() for name in names for part in str(name).split(","))
    return [_plain_name(part) for part in parts if part]


def _plain_name(name: str) -> str:
    number = re.fullmatch(r"[cC]?([0-9]{1,4})", name)
    if number is not None:
        return f"c{int(number[1])}"
    return name.lower() if name.lower() in (*CELL_SETS, ALL) else name


def members(name: str) -> tuple[str, ...]:
    """The cells of a set; of any other name itself."""
    return tuple(catalogue()) if name == ALL else CELL_SETS.get(name, (name,))


def is_cell_name(name: str) -> bool:
    """Whether a name, as people write them, means cells."""
    plain = plain_names([name])
    return bool(plain) and all(
        cell_id in catalogue() for part in plain for cell_id in members(part)
    )


def cell_names(names: str | Iterable[str]) -> list[str]:
    """As `plain_names`, of whatever a user gave: one name or several, of cells or not.

    Raises
    ------
    OptionError
        They are no names, or there is none.
    """
    listed: list[Any]
    try:
        listed = [names] if isinstance(names, str) else list(names)
    except TypeError:  # not only what lacks __iter__: an array of no dimension has it
        listed = [names]
    if not all(isinstance(name, str) for name in listed):
        raise OptionError(
            "Cells are named by their ids.",
            where="cells",
            expected="'c14', or ['c14', 'c15'], or the name of a set",
            got=f"{names!r:.200}",
            do="give a list of names",
        )
    plain = plain_names(listed)
    if not plain:
        raise OptionError(
            "No cell was named.", do=f"name cells or a set ({', '.join([*CELL_SETS, ALL])})"
        )
    return plain


def expand_cells(names: str | Iterable[str]) -> list[str]:
    """Cell ids and set names to cell ids, each once, in the order given.

    Taken are ``c14``, ``C14``, ``14``, lists such as ``c14,c15``, the sets, and ``all``.

    Raises
    ------
    UnknownCellError
        A name is neither a cell nor a set.
    OptionError
        No name at all.
    """
    cell_ids: list[str] = []
    for name in cell_names(names):
        for cell_id in members(name):
            get_cell(cell_id)
            if cell_id not in cell_ids:
                cell_ids.append(cell_id)
    return cell_ids
