"""Reading a built cell: one segment to numpy, and random windows for training.

One segment: `segment_uV` against ``ds[i]["cp"]`` as an array, in turns, the shortest of
each. Windows: 100 ms of all channels at random places (the same for both), each copied
out, with `random_windows` against ``get_traces`` of SpikeInterface on a float32 binary
file of the same traces, (time, channel) as it writes them. Both files are in the page
cache, as a training set that fits into memory is after its first epoch.

    python speed/reading.py --dir /dev/shm/reading --save
"""

from __future__ import annotations

import argparse
import shutil
import time
from pathlib import Path
from typing import Any

from common import RESULTS, record, run_stage, simulate_cell

CELL_ID = "c14"
WINDOW_SAMPLES = 3_000


def build(raw_dir: Path, root: Path, binary: Path) -> None:
    """A cell, and its traces as SpikeInterface's binary file."""
    import numpy as np

    from spe1_builder.dataset.plan.inputs import Sources
    from spe1_builder.dataset.write.build import build_cell
    from spe1_builder.reading.arrays import load, segment_uV

    build_cell(CELL_ID, Sources(raw_dir), root)
    with binary.open("wb") as file:
        for split in load(CELL_ID, root).values():
            for i in range(len(split)):
                np.ascontiguousarray(segment_uV(split, i).T).tofile(file)


def one_segment(root: Path, repeats: int) -> dict[str, Any]:
    import numpy as np

    from spe1_builder.reading.arrays import load, segment_uV

    train = load(CELL_ID, root)["train"]
    ours, plain = [], []
    for i in range(repeats):
        begun = time.perf_counter()
        mine = segment_uV(train, i % len(train))
        ours.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        theirs = np.array(train[i % len(train)]["cp"], dtype=np.float32)
        plain.append(time.perf_counter() - begun)
        if not np.array_equal(mine, theirs):
            raise SystemExit("The two ways do not give the same segment.")
    return {
        "segment_uV_s": round(min(ours), 5),
        "ds_i_cp_s": round(min(plain), 3),
        "ratio": round(min(plain) / min(ours), 0),
    }


def windows(root: Path, binary: Path, n_windows: int, rounds: int) -> dict[str, Any]:
    import numpy as np
    from spikeinterface.core import BinaryRecordingExtractor

    from spe1_builder.reading.traces import CellTraces
    from spe1_builder.reading.windows import random_windows

    traces = CellTraces(root / CELL_ID)
    recording = BinaryRecordingExtractor(
        file_paths=[binary],
        sampling_frequency=30_000.0,
        num_channels=384,
        dtype="float32",
        time_axis=0,
    )

    def ours() -> list[int]:
        starts = []
        for start, window in random_windows(traces, WINDOW_SAMPLES, seed=0, n_windows=n_windows):
            window.copy()
            starts.append(start)
        return starts

    def theirs(starts: list[int]) -> None:
        for start in starts:
            recording.get_traces(start_frame=start, end_frame=start + WINDOW_SAMPLES).copy()

    starts = ours()
    for start in starts[:5]:
        ends = start + WINDOW_SAMPLES
        same = recording.get_traces(start_frame=start, end_frame=ends).T
        if not np.array_equal(traces.read_uV(start, ends), same):
            raise SystemExit("The two ways do not give the same window.")
    theirs(starts)
    seconds: dict[str, list[float]] = {"random_windows": [], "spikeinterface": []}
    for _ in range(rounds):
        begun = time.perf_counter()
        ours()
        seconds["random_windows"].append(time.perf_counter() - begun)
        begun = time.perf_counter()
        theirs(starts)
        seconds["spikeinterface"].append(time.perf_counter() - begun)
    rates = {name: n_windows / min(taken) for name, taken in seconds.items()}
    return {
        "window_ms": 100,
        "windows_per_s": {name: round(rate) for name, rate in rates.items()},
        "ratio": round(rates["random_windows"] / rates["spikeinterface"], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir", type=Path, required=True, help="working folder, 5 GB")
    parser.add_argument("--duration-s", type=float, default=40.0)
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}/reading.json")
    arguments = parser.parse_args()
    folder: Path = arguments.dir.resolve()
    raw_dir, root, binary = folder / "raw", folder / "spe1", folder / "traces.bin"
    run_stage(simulate_cell, raw_dir, CELL_ID, arguments.duration_s)
    run_stage(build, raw_dir, root, binary)
    result = {
        "one_segment": run_stage(one_segment, root, 5).value,
        "random_windows": run_stage(windows, root, binary, 500, 5).value,
    }
    shutil.rmtree(folder)
    record("reading", result, save=arguments.save)


if __name__ == "__main__":
    main()
