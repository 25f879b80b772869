"""Windows for training: `spe1.torch` in a DataLoader against plain ``with_format("torch")``.

Windows of all 384 channels: those around spikes of 3 ms (`SpikeWindows`), in batches of 64,
and those at random places of 100 ms (`RandomWindows`), in batches of 8; without workers and
with two. Workers stay from one pass to the next; a first pass, which starts them, is not
counted, and of the others the fastest counts. A transform that leaves only traces and label
shows what the rest costs on its way from a worker.

The plain way is ``load_from_disk(...)`` in torch's format, from which one takes the row of a
window, and cuts it out: by index, or from its stream (``to_iterable_dataset``). By index it
gives the same windows of 3 ms, those that lie in one row, which is checked; the start of its
workers is counted. The cell is in the page cache.

    python speed/windows.py --dir /dev/shm/windows --save
"""

from __future__ import annotations

import argparse
import shutil
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from common import RESULTS, record, run_stage, simulate_cell

CELL_ID = "c14"
N_WORKERS, ROUNDS = (0, 2), 4
SPIKE_BATCH, RANDOM_BATCH = 64, 8
SPIKE_SAMPLES, RANDOM_SAMPLES = 90, 3_000
SEGMENT_SAMPLES = 90_000


def build(raw_dir: Path, root: Path) -> None:
    from spe1_builder.dataset.plan.inputs import Sources
    from spe1_builder.dataset.write.build import build_cell

    build_cell(CELL_ID, Sources(raw_dir), root)


@dataclass
class PlainWindows:
    """As one would write it: a row in torch's format, and a window cut out of it."""

    rows: Any
    starts: list[int]

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, index: int) -> Any:
        row, first = divmod(self.starts[index], SEGMENT_SAMPLES)
        return self.rows[row]["cp"][:, first : first + SPIKE_SAMPLES].clone()


def traces_and_label(item: Any) -> Any:
    """A transform, which a worker finds."""
    return item.window_uV, item.label


def windows_per_s(dataset: Any, batch_size: int, n_workers: int) -> int:
    from torch.utils.data import DataLoader

    loader: Any = DataLoader(
        dataset, batch_size=batch_size, num_workers=n_workers, persistent_workers=n_workers > 0
    )
    rates = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        n_windows = sum(len(batch[0]) for batch in loader)
        rates.append(n_windows / (time.perf_counter() - begun))
    return round(max(rates[1:]))


def ours(root: Path, n_windows: int) -> dict[str, Any]:
    from spe1_builder.reading.torch import RandomWindows, SpikeWindows

    datasets: dict[str, tuple[Any, int]] = {
        "spike_windows": (SpikeWindows(CELL_ID, root, n_background=n_windows), SPIKE_BATCH),
        "spike_windows_traces_and_label": (
            SpikeWindows(CELL_ID, root, n_background=n_windows, transform=traces_and_label),
            SPIKE_BATCH,
        ),
        "spike_windows_32_nearest_channels": (
            SpikeWindows(CELL_ID, root, n_background=n_windows, n_nearest=32),
            SPIKE_BATCH,
        ),
        "random_windows": (
            RandomWindows(CELL_ID, root, n_windows=n_windows, n_samples=RANDOM_SAMPLES),
            RANDOM_BATCH,
        ),
    }
    return {
        name: {f"workers_{n}": windows_per_s(dataset, batch_size, n) for n in N_WORKERS}
        for name, (dataset, batch_size) in datasets.items()
    }


def plain(root: Path, n_windows: int) -> dict[str, float]:
    import torch
    from datasets import load_from_disk
    from torch.utils.data import DataLoader

    from spe1_builder.reading.torch import SpikeWindows

    mine = SpikeWindows(CELL_ID, root, n_background=0, n_samples=SPIKE_SAMPLES)
    in_one_row = [
        i
        for i, start in enumerate(mine.starts.tolist())
        if start % SEGMENT_SAMPLES <= SEGMENT_SAMPLES - SPIKE_SAMPLES
    ][:n_windows]
    rows = load_from_disk(str(root / CELL_ID))["train"].with_format("torch")
    theirs: Any = PlainWindows(rows, [int(mine.starts[i]) for i in in_one_row])
    rates = {}
    for n_workers in N_WORKERS:
        begun = time.perf_counter()
        got = torch.cat(list(DataLoader(theirs, batch_size=1, num_workers=n_workers)))
        rates[f"workers_{n_workers}"] = round(len(got) / (time.perf_counter() - begun), 3)
        if not torch.equal(got, torch.stack([mine[i].window_uV for i in in_one_row])):
            raise SystemExit("The two ways do not give the same windows.")
    begun = time.perf_counter()
    n_rows = sum(1 for _ in rows.to_iterable_dataset())
    rates["rows_of_its_stream"] = round(n_rows / (time.perf_counter() - begun), 3)
    return rates


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir", type=Path, required=True, help="working folder, 3 GB")
    parser.add_argument("--duration-s", type=float, default=40.0)
    parser.add_argument("--windows", type=int, default=1_000, help="in a pass")
    parser.add_argument("--plain-windows", type=int, default=4)
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}/windows.json")
    arguments = parser.parse_args()
    folder: Path = arguments.dir.resolve()
    raw_dir, root = folder / "raw", folder / "spe1"
    run_stage(simulate_cell, raw_dir, CELL_ID, arguments.duration_s)
    run_stage(build, raw_dir, root)
    rates = run_stage(ours, root, arguments.windows).value
    by_hand = run_stage(plain, root, arguments.plain_windows).value
    shutil.rmtree(folder)
    record(
        "windows",
        {
            "torch": version("torch"),
            "batch_size": {"spike_windows": SPIKE_BATCH, "random_windows": RANDOM_BATCH},
            "spike_window_samples": SPIKE_SAMPLES,
            "random_window_samples": RANDOM_SAMPLES,
            "windows_per_s": rates | {"plain_with_format_torch": by_hand},
            "ratio": {
                name: round(rate / by_hand[name]) for name, rate in rates["spike_windows"].items()
            },
        },
        save=arguments.save,
    )


if __name__ == "__main__":
    main()
