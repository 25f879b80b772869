"""Where the 384 sites are: ``chanMap.mat`` and the probe's nominal geometry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from spe1_builder.constants import COLUMN_X_UM, N_CHANNELS, ROW_PITCH_UM
from spe1_builder.disk.bounded import read_bounded
from spe1_builder.disk.renamed import find_renamed
from spe1_builder.errors import MissingFileError, ProbeError
from spe1_builder.layout import CHAN_MAP_NAME

if TYPE_CHECKING:
    import numpy as np
    from probeinterface import Probe

#: The release's map is equal to the formula; no other probe is within this of it.
POSITION_TOLERANCE_UM = 1.0
#: Kilosort's maps have 3 to 30 kB.
MAX_MAP_BYTES = 1_000_000
#: Units that positions come in by mistake, and what turns them into um.
_UNITS = {"um": 1.0, "mm": 1e3, "m": 1e6, "nm": 1e-3}
#: Signs of x and y, and what they mirror.
_MIRRORS = {(1, 1): "", (-1, 1): "x", (1, -1): "y", (-1, -1): "x and y"}
#: Side of a square site of the Neuropixels option 1 probe.
SITE_WIDTH_UM = 12.0


def nominal_positions_um() -> np.ndarray:
    """Site positions by formula, equal to the release's map: float32 (384, 2), um (x, y)."""
    import numpy as np

    channel = np.arange(N_CHANNELS)
    x_um = np.asarray(COLUMN_X_UM)[channel % 4]
    y_um = ROW_PITCH_UM * (channel // 2 + 1)
    return np.stack([x_um, y_um], axis=1).astype(np.float32)


def read_positions_um(path: Path) -> np.ndarray:
    """Site positions of ``chanMap.mat``.

    Parameters
    ----------
    path : Path
        A MATLAB file that holds ``xcoords`` and ``ycoords``, 384 values each, um.

    Returns
    -------
    np.ndarray
        float32 (384, 2), um (x, y), in channel order.

    Raises
    ------
    MissingFileError
        No such file.
    ProbeError
        Not a MATLAB file, coordinates missing, not 384, not finite, two sites at one
        place, or not the sites of this probe, in um and in the order of its channels.
    """
    import numpy as np

    from spe1_builder.disk.matlab import read_numeric_arrays

    path = Path(path)
    if not path.exists():
        renamed = find_renamed(path.parent, [path.name, CHAN_MAP_NAME])
        raise MissingFileError(
            "The channel map is missing.",
            where=path,
            got=f"'{renamed[0].path.name}'" if renamed else None,
            do=renamed[0].remedy
            if renamed
            else "put the release's 'chanMap.mat' there ('spe1 download' does), or name it with "
            "--chan-map (chan_map=)",
        )
    again = "download 'chanMap.mat' of the release again"
    content = read_bounded(path, MAX_MAP_BYTES, "The channel map", error=ProbeError, do=again)
    try:
        arrays, found = read_numeric_arrays(content, ("xcoords", "ycoords"))
    except ValueError as error:
        raise ProbeError(
            "The channel map cannot be read as a MATLAB file.",
            where=path,
            got=f"{type(error).__name__}: {error}",
            do=again,
        ) from error
    columns = []
    for name in ("xcoords", "ycoords"):
        if name not in arrays:
            raise ProbeError(
                f"The channel map has no '{name}'.", where=path, got=sorted(found), do=again
            )
        values = arrays[name]
        if not isinstance(values, np.ndarray) or values.size != N_CHANNELS:
            raise ProbeError(
                f"'{name}' of the channel map is not one number per channel.",
                where=path,
                expected=f"{N_CHANNELS} numbers",
                got=f"{values.size} numbers"
                if isinstance(values, np.ndarray)
                else f"a variable of class {values.kind}",
                do=again,
            )
        columns.append(values)
    with np.errstate(over="ignore"):  # too large for float32 is found just below
        positions_um = np.stack(columns, axis=1).astype(np.float32)
    if not np.isfinite(positions_um).all():
        raise ProbeError("The channel map holds NaN or infinite coordinates.", where=path, do=again)
    n_places = len(np.unique(positions_um, axis=0))
    if n_places != N_CHANNELS:
        raise ProbeError(
            "The channel map puts two channels at one place.",
            where=path,
            expected=f"{N_CHANNELS} distinct (x, y)",
            got=n_places,
            do=again,
        )
    _require_nominal(positions_um, path, again)
    return positions_um


def _require_nominal(positions_um: np.ndarray, path: Path, again: str) -> None:
    """Refuse positions that are not those of this probe, and name what is wrong with them."""
    import numpy as np

    nominal_um = nominal_positions_um()
    off_um = np.abs(positions_um - nominal_um).max(axis=1)
    if off_um.max() <= POSITION_TOLERANCE_UM:
        return
    worst = int(off_um.argmax())
    n_off = int((off_um > POSITION_TOLERANCE_UM).sum())
    places = [f"({x:g}, {y:g})" for x, y in (nominal_um[worst], positions_um[worst])]
    raise ProbeError(
        f"The channel map is not that of this probe: {_what_differs(positions_um)}.",
        where=path,
        expected=f"channel {worst} at {places[0]} um",
        got=f"at {places[1]}; {n_off} channels are off by more than {POSITION_TOLERANCE_UM:g} um",
        do=again,
    )


def _what_differs(positions: np.ndarray) -> str:
    """What would turn positions into the nominal ones, as a sentence's end."""
    import numpy as np

    nominal_um = nominal_positions_um().astype(np.float64)
    centre_um = (nominal_um.min(axis=0) + nominal_um.max(axis=0)) / 2

    def fits(candidate: np.ndarray) -> bool:
        return bool(np.abs(candidate - nominal_um).max() <= POSITION_TOLERANCE_UM)

    positions = positions.astype(np.float64)
    for unit, factor in _UNITS.items():
        for signs, mirrored in _MIRRORS.items():
            candidate = positions * factor * signs
            moved_um = centre_um - (candidate.min(axis=0) + candidate.max(axis=0)) / 2
            if fits(candidate + moved_um):
                words = [f"mirrored in {mirrored}"] if mirrored else []
                words += [f"in {unit} instead of um"] if unit != "um" else []
                if not words:
                    x_um, y_um = 0.0 - moved_um
                    words = [f"shifted by ({x_um:g}, {y_um:g}) um"]
                return "it is " + " and ".join(words)
        if fits(positions[:, ::-1] * factor):
            return "x and y are exchanged" + (f", in {unit}" if unit != "um" else "")
        scaled = positions * factor
        order = np.lexsort(scaled.round().T)
        if np.abs(scaled[order] - nominal_um[np.lexsort(nominal_um.T)]).max() <= 1.0:
            return "its sites are permuted" + (f", in {unit}" if unit != "um" else "")
    return "its sites lie elsewhere"


def make_probe(positions_um: np.ndarray) -> Probe:
    """A ``probeinterface.Probe`` with the sites wired in channel order.

    Parameters
    ----------
    positions_um : np.ndarray
        (n_channels, 2), um.
    """
    import numpy as np
    from probeinterface import Probe

    probe = Probe(ndim=2, si_units="um", manufacturer="imec", model_name="Neuropixels 1.0")
    probe.set_contacts(
        positions=np.asarray(positions_um, dtype=np.float64),
        shapes="square",
        shape_params={"width": SITE_WIDTH_UM},
    )
    channels = np.arange(len(positions_um))
    # imec counts electrodes from the tip, as the release counts channels.
    probe.set_contact_ids([f"e{channel}" for channel in channels])
    probe.set_shank_ids(["0"] * len(channels))
    probe.set_device_channel_indices(channels)
    return probe
