"""One cell at full size: simulated, built, verified, loaded.

Small tests cannot show that 80 train rows of 138 MB load. 310 s of recording are
7 GB raw and 14 GB built; ``load_dataset`` copies these once more: 36 GB of room.

    python speed/full_cell.py --dir /big/disk/full --save
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

from common import RESULTS, Stage, drop_caches, record, run_stage

CELL_ID = "c14"


def simulate(raw_dir: Path, duration_s: float) -> int:
    from spe1_builder.source.simulation.archive import SimulationOptions, simulate

    options = SimulationOptions(duration_s=duration_s, seed=0)
    simulate(raw_dir, [CELL_ID], options, overwrite=True)
    return sum(path.stat().st_size for path in raw_dir.rglob("*") if path.is_file())


def build(raw_dir: Path, root: Path) -> dict[str, Any]:
    from spe1_builder.dataset.plan.inputs import Sources
    from spe1_builder.dataset.write.build import build_cell
    from spe1_builder.progress import Bars

    result = build_cell(CELL_ID, Sources(raw_dir), root, force=True, progress=Bars(CELL_ID))
    data = result.metadata
    return {
        "train_rows": data.splits["train"].rows,
        "test_rows": data.splits["test"].rows,
        "spikes": data.n_spikes_total,
        "peak_channel": data.peak_channel,
        "bad_channels": data.bad_channel_ids,
        "bytes": sum(file.size for file in data.files),
    }


def verify(root: Path) -> list[str]:
    from spe1_builder.dataset.verify import verify

    return [str(finding) for finding in verify(root).findings]


def load_copied(root: Path, cache: Path) -> dict[str, Any]:
    """`load_dataset`: every row is copied into the cache; the last of each split is read."""
    import os

    os.environ["HF_HUB_OFFLINE"] = "1"
    from datasets import load_dataset

    return _digest(load_dataset(str(root), name=CELL_ID, cache_dir=str(cache)))


def load_mapped(root: Path) -> dict[str, Any]:
    """`load_from_disk`: nothing is copied."""
    from spe1_builder.reading.arrays import load

    return _digest(load(CELL_ID, root))


def _digest(splits: Any) -> dict[str, Any]:
    import hashlib

    from spe1_builder.reading.arrays import segment_uV

    return {
        name: {
            "rows": len(split),
            "sample_ids": hashlib.sha256("".join(split["sample_id"]).encode()).hexdigest(),
            "last_row": hashlib.sha256(segment_uV(split, -1).data).hexdigest(),
            "row_60": hashlib.sha256(segment_uV(split, min(60, len(split) - 1)).data).hexdigest(),
        }
        for name, split in splits.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir", type=Path, required=True, help="working folder, 36 GB")
    parser.add_argument("--duration-s", type=float, default=310.0, help="of the recording")
    parser.add_argument("--keep", action="store_true", help="leave the files for another look")
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}/full_cell.json")
    arguments = parser.parse_args()
    folder: Path = arguments.dir.resolve()
    raw_dir, root, cache = folder / "raw", folder / "spe1", folder / "cache"
    simulated = run_stage(simulate, raw_dir, arguments.duration_s)
    drop_caches(raw_dir)
    built = run_stage(build, raw_dir, root)
    verified = run_stage(verify, root)
    mapped = run_stage(load_mapped, root)
    copied = run_stage(load_copied, root, cache)

    def timing(stage: Stage) -> dict[str, float]:
        return {
            "seconds": round(stage.seconds, 2),
            "peak_memory_GB": round(stage.peak_memory_bytes / 1e9, 3),
        }

    record(
        "full_cell",
        {
            "recording_s": arguments.duration_s,
            "raw_bytes": simulated.value,
            "built": built.value,
            "findings": verified.value,
            "load_ways_agree": mapped.value == copied.value,
            "loaded_rows": {name: split["rows"] for name, split in copied.value.items()},
            "simulate": timing(simulated),
            "build": timing(built),
            "verify": timing(verified),
            "load_from_disk": timing(mapped),
            "load_dataset": timing(copied),
        },
        save=arguments.save,
    )
    if not arguments.keep:
        shutil.rmtree(folder)
    if verified.value or mapped.value != copied.value:
        raise SystemExit("The built cell is not what it should be.")


if __name__ == "__main__":
    main()
