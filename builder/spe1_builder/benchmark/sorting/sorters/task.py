"""What a sorter's process is told, and how; imports nothing beyond Python's own library."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class SorterTask:
    """A recording and a sorter, as JSON for another process.

    Attributes
    ----------
    sorter : str
    engine : str
    traces : str
        Flat binary file, a sample of all channels after the other.
    dtype : str
        "float32", in uV; or "int16", in counts.
    n_samples : int
    first_sample : int
        Where the recording begins in the file.
    n_channels : int
    positions_um : list of list of float
        (x, y) of each channel.
    rate_hz : float
    gain_uV : float
        Of a bit; 1 where values are in uV.
    shifts : list of float, optional
        When each channel is sampled, as a share of the sample; None where all at once.
    is_filtered : bool
        Whether it is band-passed and referenced.
    params : dict
        Of the sorter.
    seed : int
    scratch : str
        Folder for whatever it writes.
    result : str
        The npz that it leaves, with ``unit_ids``, ``ends`` and ``samples``.
    """

    sorter: str
    engine: str
    traces: str
    dtype: str
    n_samples: int
    first_sample: int
    n_channels: int
    positions_um: list[list[float]]
    rate_hz: float
    gain_uV: float
    shifts: list[float] | None
    is_filtered: bool
    params: dict[str, Any]
    seed: int
    scratch: str
    result: str

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(asdict(self), allow_nan=False), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> SorterTask:
        """Read what `write` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))
