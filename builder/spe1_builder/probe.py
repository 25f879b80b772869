"""Where the 384 sites are: ``chanMap.mat`` and the probe's nominal geometry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from spe1_builder.constants import N_CHANNELS
from spe1_builder.errors import MissingFileError, ProbeError

if TYPE_CHECKING:
    import numpy as np
    from probeinterface import Probe

#: x of the four staggered columns, um, in channel order [MS18, chanMap.mat].
COLUMN_X_UM = (43.0, 11.0, 59.0, 27.0)
#: Two sites a row, 20 um between rows.
ROW_PITCH_UM = 20.0
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
        Not a MATLAB file, coordinates missing, not 384, not finite, or two
        sites at one place.
    """
    import numpy as np
    import scipy.io

    path = Path(path)
    if not path.is_file():
        raise MissingFileError(
            "The channel map is missing.",
            where=path,
            do="put the release's 'chanMap.mat' there ('spe1 download' does), or name it with "
            "--chan-map (chan_map=)",
        )
    again = "download 'chanMap.mat' of the release again"
    try:
        fields = scipy.io.loadmat(path, variable_names=["xcoords", "ycoords"])
    except Exception as error:  # scipy raises ValueError, TypeError, NotImplementedError, OSError
        raise ProbeError(
            "The channel map cannot be read as a MATLAB file.",
            where=path,
            got=f"{type(error).__name__}: {error}",
            do=again,
        ) from error
    columns = []
    for name in ("xcoords", "ycoords"):
        if name not in fields:
            found = sorted(key for key in fields if not key.startswith("__"))
            raise ProbeError(f"The channel map has no '{name}'.", where=path, got=found, do=again)
        values = np.asarray(fields[name]).ravel()
        if values.size != N_CHANNELS or values.dtype.kind not in "iuf":
            raise ProbeError(
                f"'{name}' of the channel map is not one number per channel.",
                where=path,
                expected=f"{N_CHANNELS} numbers",
                got=f"{values.size} values of type {values.dtype}",
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
    return positions_um


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
    probe.set_device_channel_indices(np.arange(len(positions_um)))
    return probe
