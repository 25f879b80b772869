"""What compiling adds to the first build of a machine.

The same small simulated cell is built twice in processes of their own: with an empty folder
for machine code, then with what the first left there. Imports are counted in both. The two
take turns, each time with a new folder, and of each the shortest run counts.

    python speed/first_run.py --dir /tmp/first_run --save
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path
from typing import Any

from common import RESULTS, Stage, record, run_stage, simulate_cell

CELL_ID = "c14"
#: The build skips the first 10 s.
RECORDING_S = 26.0


def build(raw_dir: Path, root: Path, code_dir: Path) -> int:
    """Build the cell with the default options; gives the files of machine code there are then."""
    # numba reads it when it is imported, which is below.
    os.environ["NUMBA_CACHE_DIR"] = str(code_dir)
    from spe1_builder.dataset.plan.inputs import Sources
    from spe1_builder.dataset.write.build import build_cell

    build_cell(CELL_ID, Sources(raw_dir), root)
    return len(list(code_dir.rglob("*.nbc")))


def measure(folder: Path, repeats: int) -> dict[str, Any]:
    """Build cold and warm in turns."""
    run_stage(simulate_cell, folder / "raw", CELL_ID, RECORDING_S)
    rounds: list[tuple[Stage, Stage]] = []
    for _ in range(repeats):
        stages = []
        for _ in ("cold", "warm"):
            stages.append(run_stage(build, folder / "raw", folder / "spe1", folder / "code"))
            shutil.rmtree(folder / "spe1")
        shutil.rmtree(folder / "code")
        rounds.append((stages[0], stages[1]))
    result: dict[str, Any] = {
        "recording_s": RECORDING_S,
        "n_rounds": repeats,
        "compiled_functions": rounds[0][0].value,
    }
    for name in ("seconds", "cpu_seconds"):
        cold, warm = (min(getattr(pair[i], name) for pair in rounds) for i in (0, 1))
        result[name] = {
            "cold": round(cold, 2),
            "warm": round(warm, 2),
            "difference": round(cold - warm, 2),
            "ratio": round(cold / warm, 2),
        }
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir", type=Path, required=True, help="working folder, 2 GB")
    parser.add_argument(
        "--repeats", type=int, default=3, help="builds of each; the shortest counts"
    )
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}/first_run.json")
    arguments = parser.parse_args()
    folder: Path = arguments.dir.resolve()
    result = measure(folder, arguments.repeats)
    shutil.rmtree(folder)
    record("first_run", result, save=arguments.save)


if __name__ == "__main__":
    main()
