"""Reading a built cell: one segment to numpy, and random windows for training.

One segment: `segment_uV` against ``ds[i]["cp"]`` as an array, in turns, the shortest of
each. Windows: 100 ms of all channels at random places (the same for both), each copied
out, with `random_windows` against ``get_traces`` of SpikeInterface on a float32 binary
file of the same traces, (time, channel) as it writes them. Both files are in the page
cache, as a training set that fits into memory is after its first epoch.

SpikeInterface: ``get_traces`` of `open_recording` against that of the binary file, in turns,
each copied out: 100 ms of all channels, and 10 s of one, at random places. A pass over the
whole cell, of two lengths, for the memory that it takes.

    python speed/reading.py --dir /dev/shm/reading --save
"""

from __future__ import annotations

import argparse
import shutil
import time
from pathlib import Path
from typing import Any

from common import RESULTS, peak_memory_bytes, record, run_stage, simulate_cell

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

    from spe1_builder.reading.traces import CellTraces
    from spe1_builder.reading.windows import random_windows

    traces = CellTraces(root / CELL_ID)
    recording = open_binary(binary)

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


def traces(
    root: Path, binary: Path, n_samples: int, n_channels: int, n: int, share: float
) -> dict[str, Any]:
    """Milliseconds a copied ``get_traces``, of ours and of the binary file, in a share of both."""
    import numpy as np

    from spe1_builder.reading.spikeinterface.opening import open_recording

    recordings = {"open_recording": open_recording(root / CELL_ID), "binary": open_binary(binary)}
    n_all = round(recordings["binary"].get_num_samples() * share)
    rng = np.random.default_rng(0)
    taken: dict[str, list[float]] = {name: [] for name in recordings}
    for _ in range(n):
        start = int(rng.integers(n_all - n_samples))
        channel = int(rng.integers(384))
        place = {
            "start_frame": start,
            "end_frame": start + n_samples,
            "channel_ids": [channel] if n_channels == 1 else None,
        }
        got = {}
        for name, recording in recordings.items():
            begun = time.perf_counter()
            got[name] = np.array(recording.get_traces(**place))
            taken[name].append(time.perf_counter() - begun)
        if not np.array_equal(got["open_recording"], got["binary"]):
            raise SystemExit("The two recordings do not hold the same traces.")
    middle_ms = {name: float(np.median(values)) * 1e3 for name, values in taken.items()}
    return {
        "window_s": n_samples / 30_000,
        "channels": n_channels,
        "share_of_cell": share,
        "ms": {name: round(value, 3) for name, value in middle_ms.items()},
        "time_to_binary": round(middle_ms["open_recording"] / middle_ms["binary"], 2),
    }


def open_binary(binary: Path) -> Any:
    """The same traces as SpikeInterface writes them."""
    from spikeinterface.core import BinaryRecordingExtractor

    return BinaryRecordingExtractor(
        file_paths=[binary],
        sampling_frequency=30_000.0,
        num_channels=384,
        dtype="float32",
        time_axis=0,
    )


def one_pass(root: Path, share: float) -> float:
    """Peak memory in GB of a pass in seconds of all channels, over a share of the cell."""
    import numpy as np

    from spe1_builder.reading.spikeinterface.opening import open_recording

    recording = open_recording(root / CELL_ID)
    total = 0.0
    for start in range(0, round(recording.get_num_samples() * share), 30_000):
        total += float(
            np.abs(recording.get_traces(start_frame=start, end_frame=start + 30_000)).sum()
        )
    if not total:
        raise SystemExit("Nothing was read.")
    return round(peak_memory_bytes() / 1e9, 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir", type=Path, required=True, help="working folder, 8 GB")
    parser.add_argument("--duration-s", type=float, default=55.0)
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}/reading.json")
    arguments = parser.parse_args()
    folder: Path = arguments.dir.resolve()
    raw_dir, root, binary = folder / "raw", folder / "spe1", folder / "traces.bin"
    run_stage(simulate_cell, raw_dir, CELL_ID, arguments.duration_s)
    run_stage(build, raw_dir, root, binary)
    result = {
        "one_segment": run_stage(one_segment, root, 5).value,
        "random_windows": run_stage(windows, root, binary, 500, 5).value,
        "spikeinterface": {
            # Within the rows whose pages stay; and anywhere, where most windows find none.
            "all_channels": run_stage(traces, root, binary, 3_000, 384, 400, 0.4).value,
            "all_channels_anywhere": run_stage(traces, root, binary, 3_000, 384, 400, 1.0).value,
            "one_channel": run_stage(traces, root, binary, 300_000, 1, 40, 1.0).value,
            "pass_peak_gb": {
                f"{share:.0%}": run_stage(one_pass, root, share).value for share in (0.6, 1.0)
            },
        },
    }
    shutil.rmtree(folder)
    record("reading", result, save=arguments.save)


if __name__ == "__main__":
    main()
