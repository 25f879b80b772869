"""Cost against the number of channels, the duration and the spikes: it should be linear.

Processor time, because other work on a machine lengthens the wall time more. Duration and
spikes: whole builds, each in a process of its own, of one simulated recording whose files
are cut, or whose spike list is replaced by that many random samples. Channels: the signal
path alone on random counts, in a process whose probe has that many. Of each point the
lowest of the repeats counts. A line is fitted to each; what is recorded is how far the
points lie from it, relative to the largest, and its intercept. The plot is kept.

    python speed/scaling.py --dir /dev/shm/scaling --save
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import RESULTS, record, run_stage, simulate_cell, touch_memory

CELL_ID = "c14"
CHANNELS = (96, 192, 288, 384, 576, 768)
DURATIONS_S = (15.0, 30.0, 60.0, 90.0, 120.0)
SPIKES = (100, 1_000, 2_000, 4_000, 8_000)
#: What the longest build uses, with its output in memory.
_MEMORY_BYTES = int(8e9)
_PALETTE = ("#0072B2", "#D55E00")  # Okabe and Ito


def signal_path(n_channels: int) -> float:
    """Processor seconds for 3 s of a probe of ``n_channels``."""
    os.environ["NUMBA_CACHE_DIR"] = tempfile.mkdtemp(prefix="scaling")
    import spe1_builder.constants

    spe1_builder.constants.N_CHANNELS = n_channels
    import numpy as np

    from spe1_builder.signal.bandpass.kernels import bandpass_reference
    from spe1_builder.signal.bandpass.preprocess import band_pass

    band = band_pass()
    rng = np.random.default_rng(0)
    counts = rng.normal(0, 5, (93_000, n_channels)).round().astype(np.int16)
    out = np.empty((n_channels, 90_000), np.float32)
    best = float("inf")
    for _ in range(6):  # the first compiles
        begun = time.process_time()
        bandpass_reference(counts, 1_500, band.gain**2, band.feedback, band.steady, True, out)
        best = min(best, time.process_time() - begun)
    shutil.rmtree(os.environ["NUMBA_CACHE_DIR"])
    return best


def build(raw_dir: Path, root: Path, duration_s: float) -> float:
    """Processor seconds of a build, imports and compiled code loaded before."""
    from spe1_builder.dataset.plan.inputs import Sources
    from spe1_builder.dataset.plan.options import BuildOptions
    from spe1_builder.dataset.write.build import build_cell

    for seconds in (2.0, duration_s):
        begun = time.process_time()
        options = BuildOptions(skip_seconds=0.0, duration_s=seconds, segment_duration_s=1.0)
        build_cell(CELL_ID, Sources(raw_dir), root, options)
        taken = time.process_time() - begun
        shutil.rmtree(root)
    return taken


def of_duration(raw_dir: Path, root: Path, duration_s: float) -> float:
    return build(raw_dir, root, duration_s)


def of_spikes(raw_dir: Path, root: Path, n_spikes: int) -> float:
    """A build whose recording lists that many spikes, at random samples of the first minute."""
    import numpy as np

    path = raw_dir / "Recordings" / CELL_ID / f"{CELL_ID}_wc_spike_samples.npy"
    rng = np.random.default_rng(0)
    # 50 patch samples a millisecond: far enough apart on both clocks.
    np.save(path, np.sort(rng.choice(np.arange(1_000, 2_900_000, 100), n_spikes, replace=False)))
    return build(raw_dir, root, 60.0)


def fit(points: dict[float, float]) -> dict[str, Any]:
    import numpy as np

    x, y = np.array(list(points)), np.array(list(points.values()))
    slope, intercept = np.polyfit(x, y, 1)
    distance = np.abs(y - (slope * x + intercept)).max() / y.max()
    return {
        "cpu_s": {f"{key:g}": round(value, 3) for key, value in points.items()},
        "slope_s": float(f"{slope:.3g}"),
        "intercept_s": round(float(intercept), 3),
        "largest_distance_from_line": round(float(distance), 3),
    }


def draw(path: Path, fits: dict[str, dict[str, Any]]) -> None:
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    labels = {
        "channels": "channels (signal path, 3 s)",
        "duration": "duration of the recording (s)",
        "spikes": "spikes (60 s of recording)",
    }
    figure = Figure(figsize=(10.0, 3.4), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (name, found) in zip(figure.subplots(1, len(fits)), fits.items(), strict=True):
        x = np.array([float(key) for key in found["cpu_s"]])
        ends = np.array([0.0, x.max()])
        line = found["slope_s"] * ends + found["intercept_s"]
        axes.plot(ends, line, color=_PALETTE[0], label="line fitted")
        axes.plot(x, list(found["cpu_s"].values()), "o", color=_PALETTE[1], label="measured")
        axes.set(xlabel=labels[name], ylabel="processor time (s)")
        axes.set(xlim=(0, 1.05 * x.max()), ylim=(0, 1.1 * max(found["cpu_s"].values())))
        axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower right")
    figure.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir", type=Path, required=True, help="working folder, 9 GB")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}/scaling.*")
    arguments = parser.parse_args()
    folder: Path = arguments.dir.resolve()
    raw_dir, root = folder / "raw", folder / "spe1"

    def lowest(function: Callable[..., float], *values: Any) -> float:
        taken = []
        for _ in range(arguments.repeats):
            touch_memory(_MEMORY_BYTES)
            taken.append(run_stage(function, *values).value)
        return min(taken)

    fits: dict[str, dict[str, Any]] = {}
    fits["channels"] = fit({n: lowest(signal_path, n) for n in CHANNELS})
    durations: dict[float, float] = {}
    for duration_s in DURATIONS_S:
        run_stage(simulate_cell, raw_dir, CELL_ID, duration_s)
        durations[duration_s] = lowest(of_duration, raw_dir, root, duration_s)
    fits["duration"] = fit(durations)
    run_stage(simulate_cell, raw_dir, CELL_ID, 60.0)
    fits["spikes"] = fit({n: lowest(of_spikes, raw_dir, root, n) for n in SPIKES})
    shutil.rmtree(folder)
    if arguments.save:
        draw(RESULTS / "scaling.png", fits)
    record("scaling", fits, save=arguments.save)


if __name__ == "__main__":
    main()
