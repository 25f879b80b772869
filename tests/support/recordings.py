"""The small simulated recordings that most tests build, and their float64 truth."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.signal

from spe1_builder.dataset.plan.inputs import Sources
from spe1_builder.dataset.plan.options import BuildOptions
from spe1_builder.source.simulation.archive import CellTruth, SimulationOptions

#: Odd numbers on purpose: 9,300-sample segments, the last one short (1,517 samples).
SMALL = BuildOptions(
    skip_seconds=0.2,
    duration_s=1.6005667,
    segment_duration_s=0.31,
    bad_channel_chunks=5,
)
SIMULATION = SimulationOptions(duration_s=2.2, seed=1, firing_rate_hz=25.0)


@dataclass(frozen=True)
class Archive:
    """A simulated archive and what it should become."""

    raw_dir: Path
    truth: CellTruth

    @property
    def sources(self) -> Sources:
        return Sources(self.raw_dir)

    def forget_truth(self, cell_id: str = "c14") -> None:
        """Let a cell pass for a recorded one, so that its streams may be others."""
        (self.raw_dir / "truth" / f"{cell_id}.json").unlink(missing_ok=True)

    def counts(self, cell_id: str = "c14") -> np.ndarray:
        """int16 (n_samples, 384)."""
        path = self.raw_dir / "Recordings" / cell_id / f"{cell_id}_npx_raw.bin"
        return np.fromfile(path, dtype="<i2").reshape(-1, 384)

    def reference_uV(self, cell_id: str = "c14") -> np.ndarray:
        """The whole recording in float64 by scipy: (384, n_samples), uV."""
        sos = scipy.signal.butter(5, (300, 3000), btype="bandpass", fs=30000, output="sos")
        filtered = scipy.signal.sosfiltfilt(sos, self.counts(cell_id) * 2.34375, axis=0)
        return (filtered - np.median(filtered, axis=1, keepdims=True)).T
