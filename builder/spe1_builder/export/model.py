"""What an export is, and what it says of itself."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from spe1_builder.export.formats import Format, SampleType
from spe1_builder.models import Model
from spe1_builder.origins import Origin

#: Of every exported folder: what `Exported` holds, as JSON.
RECORD_NAME = "export.json"


class Exported(Model):
    """What was exported, and how its numbers are to be read.

    Attributes
    ----------
    path : Path
        The folder or file. Not in ``export.json``.
    cell_id : str
    to : {"binary", "phy", "nwb", "zarr", "spikelab"}
    origin : {"recorded", "semi-real", "simulated"}
    fingerprint : str
        Of the build.
    data_version, spe1_version : str
    sampling_frequency_hz : float
    n_samples : int
        Of the analysis window, whose first sample is sample 0.
    window_start_s : float
        Start of the analysis window in the raw recording.
    channel_ids : list of int
        The release's channels, in the order of the columns.
    bad_channel_ids : list of int
        Those among them that are bad; they are exported too.
    dtype : {"int16", "float32"} or None
        Of the traces; None where there are none.
    uV_per_bit : float or None
        What one count stands for; 1 of float32, which is in uV.
    traces_xxh3_128 : str or None
        Hash of the traces as they were read back: time-major, in ``dtype``, little-endian.
    n_spikes : int
        Of the patched neuron.
    preprocessing, license, citation : str
    """

    path: Path = Field(exclude=True)
    cell_id: str
    to: Format
    origin: Origin
    fingerprint: str
    data_version: str
    spe1_version: str
    sampling_frequency_hz: float
    n_samples: int
    window_start_s: float
    channel_ids: list[int]
    bad_channel_ids: list[int]
    dtype: SampleType | None
    uV_per_bit: float | None
    traces_xxh3_128: str | None
    n_spikes: int
    preprocessing: str
    license: str
    citation: str

    @property
    def n_bytes(self) -> int:
        """Of the file, or of all files of the folder."""
        files = self.path.rglob("*") if self.path.is_dir() else [self.path]
        return sum(file.stat().st_size for file in files if file.is_file())
