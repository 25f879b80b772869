"""A build against the plain SpikeInterface pipeline, from the same raw cell.

The plain pipeline is what one would write by hand, step for step: band-pass, median
reference and bad channels with SpikeInterface's defaults, each segment by ``get_traces``,
``Dataset.from_generator`` and ``save_to_disk`` for each split, the template by
``get_traces`` for every spike. It keeps int16 and rounds, which ours does not. Both run
in a process of their own; imports are counted for both. The plain way has every processor
where SpikeInterface offers to share the work, for the bad channels: ``get_traces`` and
``from_generator`` of rows this large do not. ``--dir`` should be in memory (/dev/shm), so
that no disk decides; ``--disk`` repeats it once on a disk. They take turns, and of each the
shortest run counts. Before every run memory is used once, as much as the plain way needs
in memory, so that no run pays for a virtual machine's fresh pages.

    python speed/plain_pipeline.py --dir /dev/shm/plain --disk /big/disk/plain --save
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path
from typing import Any

from common import (
    RESULTS,
    Stage,
    drop_caches,
    record,
    run_stage,
    simulate_cell,
    touch_memory,
)

CELL_ID = "c14"
RATE_HZ, SEGMENT_S, TRAIN_FRACTION, SKIP_S = 30_000.0, 3.0, 0.8, 10.0
MS_BEFORE, MS_AFTER = 1.0, 2.0


def build(raw_dir: Path, root: Path) -> None:
    from spe1_builder.dataset.plan.inputs import Sources
    from spe1_builder.dataset.write.build import build_cell

    build_cell(CELL_ID, Sources(raw_dir), root)


def plain(raw_dir: Path, folder: Path) -> None:
    """The same product, but for what the plain way leaves out (hashes, statistics, picture)."""
    import warnings

    import numpy as np
    import spikeinterface.preprocessing as spre
    from datasets import Dataset, disable_progress_bars
    from spikeinterface.core import BinaryRecordingExtractor

    from spe1_builder.probe import make_probe, nominal_positions_um

    disable_progress_bars()
    cell = raw_dir / "Recordings" / CELL_ID
    recording = BinaryRecordingExtractor(
        file_paths=[cell / f"{CELL_ID}_npx_raw.bin"],
        sampling_frequency=RATE_HZ,
        num_channels=384,
        dtype="int16",
        time_axis=0,
        gain_to_uV=2.34375,
        offset_to_uV=0.0,
    )
    recording.set_probe(make_probe(nominal_positions_um()))
    n_all = recording.get_num_samples()
    recording = recording.frame_slice(int(SKIP_S * RATE_HZ), n_all)
    n_samples = recording.get_num_samples()
    filtered = spre.bandpass_filter(recording, freq_min=300.0, freq_max=3000.0)
    referenced = spre.common_reference(filtered, operator="median", reference="global")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        jobs = {"n_jobs": len(os.sched_getaffinity(0)), "pool_engine": "thread"}
        spre.detect_bad_channels(filtered, seed=0, job_kwargs=jobs)

    patch_samples = np.load(cell / f"{CELL_ID}_wc_spike_samples.npy")
    n_patch = (cell / f"{CELL_ID}_patch_ch1.bin").stat().st_size // 8
    spikes = (patch_samples * (n_all / n_patch)).astype(np.int64) - int(SKIP_S * RATE_HZ)
    n_before, n_after = int(MS_BEFORE * RATE_HZ / 1000), int(MS_AFTER * RATE_HZ / 1000)
    total = np.zeros((n_before + n_after, 384))
    for spike in spikes[(spikes >= n_before) & (spikes + n_after <= n_samples)]:
        total += referenced.get_traces(start_frame=spike - n_before, end_frame=spike + n_after)
    peak_channel = int(np.abs(total).max(axis=0).argmax())

    starts = list(range(0, n_samples, int(SEGMENT_S * RATE_HZ)))

    def rows(starts: list[int]) -> Any:
        for start in starts:
            stop = min(start + int(SEGMENT_S * RATE_HZ), n_samples)
            traces = referenced.get_traces(start_frame=start, end_frame=stop)
            inside = spikes[(spikes >= start) & (spikes < stop)] - start
            units = [np.empty(0, np.int32) for _ in range(384)]
            times = [np.empty(0, np.float64) for _ in range(384)]
            units[peak_channel] = np.zeros(len(inside), np.int32)
            times[peak_channel] = inside / RATE_HZ * 1000
            cp = list(np.ascontiguousarray(traces.T, dtype=np.float32))
            yield {"sample_id": f"{start:010d}", "cp": cp, "cit": units, "ctt": times}

    n_train = int(len(starts) * TRAIN_FRACTION)
    for split, chosen in (("train", starts[:n_train]), ("test", starts[n_train:])):
        dataset = Dataset.from_generator(
            rows,
            gen_kwargs={"starts": chosen},
            cache_dir=str(folder / "cache"),
            writer_batch_size=1,
        )
        dataset.save_to_disk(folder / CELL_ID / split)
    os.sync()


def memory_needed(duration_s: float) -> int:
    """Bytes of the plain way: its process, its output in datasets' cache and saved."""
    return int(6e9) + 2 * int((duration_s - SKIP_S) * RATE_HZ * 384 * 4)


def compare(folder: Path, duration_s: float, rounds: int) -> dict[str, Any]:
    raw_dir = folder / "raw"
    run_stage(simulate_cell, raw_dir, CELL_ID, duration_s)
    taken: dict[str, list[Stage]] = {"build": [], "plain": []}
    for _ in range(rounds):
        for name, function in (("build", build), ("plain", plain)):
            drop_caches(raw_dir)
            touch_memory(memory_needed(duration_s))
            taken[name].append(run_stage(function, raw_dir, folder / name))
            shutil.rmtree(folder / name)
    shutil.rmtree(folder)
    best = {name: min(stages, key=lambda stage: stage.seconds) for name, stages in taken.items()}
    ours, theirs = best["build"], best["plain"]
    return {
        "seconds": {
            name: [round(stage.seconds, 2) for stage in stages] for name, stages in taken.items()
        },
        "ratio": round(theirs.seconds / ours.seconds, 1),
        "cpu_s": {name: round(stage.cpu_seconds, 1) for name, stage in best.items()},
        "cpu_ratio": round(theirs.cpu_seconds / ours.cpu_seconds, 1),
        "peak_memory_GB": {
            name: round(stage.peak_memory_bytes / 1e9, 3) for name, stage in best.items()
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--dir", type=Path, required=True, help="working folder in memory, 12 GB; 24 GB in all"
    )
    parser.add_argument("--disk", type=Path, help="working folder on a disk, 12 GB")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--duration-s", type=float, default=110.0, help="of the recording")
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}/")
    arguments = parser.parse_args()
    result: dict[str, Any] = {
        "recording_s": arguments.duration_s,
        "window_s": arguments.duration_s - SKIP_S,
    }
    for name, folder, rounds in (
        ("in_memory", arguments.dir, arguments.rounds),
        ("on_disk", arguments.disk, 1),
    ):
        if folder is not None:
            result[name] = compare(folder.resolve(), arguments.duration_s, rounds)
    record("plain_pipeline", result, save=arguments.save)


if __name__ == "__main__":
    main()
