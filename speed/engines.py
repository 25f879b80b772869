"""The signal path alone, on one core: against SpikeInterface, and against the memory.

The compiled engine, SpikeInterface in float64 (the reference) and SpikeInterface as it is
used by default (int16 in and out) preprocess the same 3-s segments of one simulated
recording, one thread each, in turns; of each the shortest run counts. The error is that
of every value against the reference. The memory's share is the time to read the segment's
counts and to write as many float32 values: a plain conversion, the least that any
preprocessing can do.

    python speed/engines.py --dir /tmp/engines --save
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import RESULTS, record, run_stage, simulate_cell

CELL_ID = "c14"
SEGMENT_SAMPLES = 90_000


def compare(raw_dir: Path, n_segments: int, repeats: int) -> dict[str, Any]:
    import numpy as np
    import spikeinterface.preprocessing as spre
    from spikeinterface.core import BinaryRecordingExtractor

    from spe1_builder.signal.bandpass.preprocess import make_preprocessor
    from spe1_builder.source.recording.raw import open_raw_cell

    raw = open_raw_cell(raw_dir, CELL_ID)
    fast, reference = (make_preprocessor(raw, name) for name in ("fast", "reference"))
    recording = BinaryRecordingExtractor(
        file_paths=[raw.npx_path],
        sampling_frequency=30_000.0,
        num_channels=384,
        dtype="int16",
        time_axis=0,
    )
    default = spre.common_reference(spre.bandpass_filter(recording, freq_min=300, freq_max=3000))
    out, exact = (np.empty((384, SEGMENT_SAMPLES), np.float32) for _ in range(2))
    counts = np.empty((SEGMENT_SAMPLES, 384), np.int16)
    plain = np.empty((SEGMENT_SAMPLES, 384), np.float32)
    fast.read(0, 2000)  # compiles
    ways: dict[str, Callable[[int], object]] = {
        "fast": lambda start: fast.read(start, start + SEGMENT_SAMPLES, out=out),
        "spikeinterface_float64": lambda start: reference.read(
            start, start + SEGMENT_SAMPLES, out=exact
        ),
        "spikeinterface_default": lambda start: default.get_traces(
            start_frame=start, end_frame=start + SEGMENT_SAMPLES
        ),
        "read_and_write_memory": lambda start: np.copyto(plain, counts),
    }
    best = dict.fromkeys(ways, float("inf"))
    error_uV = 0.0
    for _ in range(repeats):
        for segment in range(n_segments):
            raw.read_counts(segment * SEGMENT_SAMPLES, (segment + 1) * SEGMENT_SAMPLES, counts)
            for name, run in ways.items():
                begun = time.perf_counter()
                run(segment * SEGMENT_SAMPLES)
                best[name] = min(best[name], time.perf_counter() - begun)
            error_uV = max(error_uV, float(np.abs(out - exact).max()))
    return {
        "segment_s": SEGMENT_SAMPLES / 30_000,
        "seconds": {name: round(value, 4) for name, value in best.items()},
        "ratio_to_fast": {
            name: round(value / best["fast"], 2) for name, value in best.items() if name != "fast"
        },
        "fast_to_memory": round(best["fast"] / best["read_and_write_memory"], 2),
        "largest_error_uV": error_uV,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir", type=Path, required=True, help="working folder, 0.5 GB")
    parser.add_argument("--segments", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}/engines.json")
    arguments = parser.parse_args()
    raw_dir = arguments.dir.resolve() / "raw"
    run_stage(simulate_cell, raw_dir, CELL_ID, 3.0 * arguments.segments + 1.0)
    result = run_stage(compare, raw_dir, arguments.segments, arguments.repeats).value
    shutil.rmtree(arguments.dir)
    record("engines", result, save=arguments.save)


if __name__ == "__main__":
    main()
