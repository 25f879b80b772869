"""Reading a cell that lies elsewhere: requests and bytes of one row's channels.

A web server on loopback counts. Each case opens the cell anew; `datasets` streams the first row
from the same server.

    python speed/afar.py --dir /dev/shm/afar --save
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from common import record, run_stage, simulate_cell

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

CELL_ID, ROW_SAMPLES = "c14", 90_000


def build(raw_dir: Path, root: Path) -> None:
    """A cell of full rows."""
    from spe1_builder.dataset.plan.inputs import Sources
    from spe1_builder.dataset.write.build import build_cell

    build_cell(CELL_ID, Sources(raw_dir), root)


def read_rows(root: Path) -> dict[str, Any]:
    """What each case costs, and that its bytes are the local ones."""
    import numpy as np

    from spe1_builder.reading.traces import read_uV
    from tests.support.range_server import RangeServer

    cases: dict[str, Any] = {
        "one_channel": [159],
        "64_channels": slice(128, 192),
        "all_channels": None,
    }
    result: dict[str, Any] = {}
    with RangeServer(root) as server:
        for name, channels in cases.items():
            server.forget()
            begun = time.perf_counter()
            got = read_uV(f"{server.url}/{CELL_ID}", 0, ROW_SAMPLES, channels)
            result[name] = _cost(server, begun)
            if not np.array_equal(got, read_uV(root / CELL_ID, 0, ROW_SAMPLES, channels)):
                raise SystemExit("The bytes are not those of the local cell.")
        server.forget()
        begun = time.perf_counter()
        _stream_first_row(root, server.url)
        result["datasets_streaming"] = _cost(server, begun)
    return result


def _cost(server: Any, begun: float) -> dict[str, Any]:
    return {
        "requests": len(server.requests),
        "megabytes": round(server.n_bytes / 1e6, 2),
        "seconds": round(time.perf_counter() - begun, 3),
    }


def _stream_first_row(root: Path, url: str) -> None:
    from datasets import load_dataset

    shards = sorted((root / CELL_ID / "train").glob("*.arrow"))
    files = [f"{url}/{CELL_ID}/train/{path.name}" for path in shards]
    rows = load_dataset("arrow", data_files=files, split="train", streaming=True)
    next(iter(rows.with_format("arrow")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir", type=Path, required=True, help="works here, and removes it")
    parser.add_argument("--save", action="store_true", help="keep the result")
    given = parser.parse_args()
    raw_dir, root = given.dir / "raw", given.dir / "spe1"
    simulate_cell(raw_dir, CELL_ID, 23.0)
    run_stage(build, raw_dir, root)
    result = run_stage(read_rows, root).value
    shutil.rmtree(given.dir)
    record("afar", result, save=given.save)


if __name__ == "__main__":
    main()
