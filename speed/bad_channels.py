"""Time of bad-channel detection against SpikeInterface's, on the same chunks.

Both label the same random chunks of one generated recording, band-passed but for two noisy
and ten silent channels. It lies in memory, for each in the layout that it reads fastest, so
reading and filtering take no part. SpikeInterface runs on as many threads as ours does. The
recording is generated from a seed; compilation is done before the first timing. The two take
turns, and of each the shortest run counts, because other work on the machine only ever
lengthens one; the CPU seconds tell how much a run was disturbed.

    python speed/bad_channels.py --save
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from scipy.signal import butter, sosfiltfilt

# The script runs from a checkout too, without the package installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "builder"))

from spe1_builder.constants import BAND_HZ, FILTER_ORDER, N_CHANNELS, NPX_RATE_HZ
from spe1_builder.probe import make_probe, nominal_positions_um
from spe1_builder.signal.bad_channels.detect import detect_bad_channels
from spe1_builder.signal.bad_channels.options import DetectionOptions

RESULT = Path(__file__).parent / "results" / "bad_channels.json"


def generate_uV(n_samples: int, seed: int) -> np.ndarray:
    """float32 (N_CHANNELS, n_samples), uV: band-passed noise, common and local, 12 channels not."""
    rng = np.random.default_rng(seed)
    depth = np.arange(N_CHANNELS)[:, None] / 8.0 - np.arange(N_CHANNELS // 8)[None]
    spread = (4.0 * np.exp(-0.5 * depth**2)).astype(np.float32)
    traces_uV = spread @ rng.standard_normal((N_CHANNELS // 8, n_samples), dtype=np.float32)
    traces_uV += 11.0 * rng.standard_normal(n_samples, dtype=np.float32)
    traces_uV += 2.0 * rng.standard_normal(traces_uV.shape, dtype=np.float32)
    band = butter(FILTER_ORDER, BAND_HZ, "bandpass", fs=NPX_RATE_HZ, output="sos")
    for trace_uV in traces_uV:
        trace_uV[:] = 2.5 * sosfiltfilt(band, trace_uV)
    traces_uV[36::38] = rng.standard_normal((10, n_samples), dtype=np.float32)
    traces_uV[[50, 250]] += 30.0 * rng.standard_normal((2, n_samples), dtype=np.float32)
    return traces_uV


def make_recording(traces_uV: np.ndarray) -> Any:
    """The traces as a SpikeInterface recording in its own layout, (n_samples, n_channels)."""
    import spikeinterface as si

    recording = si.NumpyRecording([np.ascontiguousarray(traces_uV.T)], NPX_RATE_HZ)
    recording.set_channel_gains(1.0)
    recording.set_channel_offsets(0.0)
    recording.annotate(is_filtered=True)
    recording.set_probe(make_probe(nominal_positions_um()))
    return recording


def timed(run: Callable[[], Any]) -> tuple[float, float, Any]:
    """Wall and CPU time of one run, s, and what it returned."""
    begun, begun_cpu = time.perf_counter(), time.process_time()
    result = run()
    return time.perf_counter() - begun, time.process_time() - begun_cpu, result


def measure(n_chunks: int, n_threads: int, repeats: int, seed: int) -> dict[str, Any]:
    """Run both on one recording; times in s, and whether the labels are equal."""
    from spikeinterface.preprocessing import detect_bad_channels as reference

    n_samples = int(3 * NPX_RATE_HZ)
    traces_uV = generate_uV(n_samples, seed)
    recording = make_recording(traces_uV)
    positions_um = nominal_positions_um()
    options = DetectionOptions(n_chunks=n_chunks, seed=seed)

    def ours(options: DetectionOptions = options) -> Any:
        return detect_bad_channels(
            lambda start, stop: traces_uV[:, start:stop],
            n_samples,
            positions_um,
            options,
            n_threads=n_threads,
        )

    def theirs() -> Any:
        jobs = {"n_jobs": n_threads, "pool_engine": "thread", "progress_bar": False}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return reference(recording, seed=seed, num_random_chunks=n_chunks, job_kwargs=jobs)

    ours(DetectionOptions(n_chunks=1))  # compiles
    rounds = [(timed(ours), timed(theirs)) for _ in range(repeats)]
    ours_s, ours_cpu_s, found = min((mine for mine, _ in rounds), key=lambda run: run[0])
    spikeinterface_s, spikeinterface_cpu_s, (_, labels) = min(
        (other for _, other in rounds), key=lambda run: run[0]
    )
    return {
        "n_channels": N_CHANNELS,
        "n_chunks": n_chunks,
        "chunk_duration_s": options.chunk_duration_s,
        "n_threads": n_threads,
        "n_rounds": repeats,
        "seed": seed,
        "ours_s": round(ours_s, 3),
        "spikeinterface_s": round(spikeinterface_s, 3),
        "ours_cpu_s": round(ours_cpu_s, 3),
        "spikeinterface_cpu_s": round(spikeinterface_cpu_s, 3),
        "ratio": round(spikeinterface_s / ours_s, 1),
        "ours_s_per_100_chunks": round(100 * ours_s / n_chunks, 3),
        "spikeinterface_s_per_100_chunks": round(100 * spikeinterface_s / n_chunks, 3),
        "labels_are_equal": list(found.labels) == list(labels),
        "n_bad_channels": len(found.detected),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("numpy", "scipy", "numba", "spikeinterface")},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chunks", type=int, default=100, help="random chunks of 0.3 s")
    parser.add_argument("--threads", type=int, default=2, help="threads, of both")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each; the shortest counts")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", action="store_true", help=f"write {RESULT.name}")
    arguments = parser.parse_args()
    result = measure(arguments.chunks, arguments.threads, arguments.repeats, arguments.seed)
    text = json.dumps(result, indent=2, allow_nan=False)
    print(text)
    if arguments.save:
        RESULT.parent.mkdir(parents=True, exist_ok=True)
        RESULT.write_text(text + "\n")
    if not result["labels_are_equal"]:
        sys.exit("The labels differ from SpikeInterface's.")


if __name__ == "__main__":
    main()
