"""What ``spe1 demo`` does: the main job on semi-real data, and proof that it came out right."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from spe1_builder.cli.console import say, this_screen
from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.dataset.card.root_files import write_card
from spe1_builder.dataset.plan.inputs import Sources
from spe1_builder.dataset.plan.options import BuildOptions
from spe1_builder.dataset.write.build import build_cell
from spe1_builder.errors import Spe1Error, StaleOutputError
from spe1_builder.layout import QUICKLOOK_NAME, RootLayout
from spe1_builder.progress import Bars, Progress

if TYPE_CHECKING:
    from spe1_builder.source.simulation.options import SimulationOptions

CELL_ID = "c14"
#: Half a minute on a laptop: 0.4 GB raw, 0.7 GB out and as much again in the cache.
RECORDING_S = 16.0
OPTIONS = BuildOptions(skip_seconds=1.0, duration_s=15.0, segment_duration_s=3.0)


def run_demo(folder: Path) -> None:
    """Make a semi-real cell, build, load, localize it, and say where everything lies.

    Parameters
    ----------
    folder : Path
        Gets ``raw/``, ``spe1/`` and ``cache/``, and so all that the demo writes. What
        an earlier demo made is used again; where it was made otherwise, it is replaced.
    """
    from spe1_builder.source.simulation.archive import read_truth
    from spe1_builder.source.simulation.options import SEMI_REAL

    raw_dir, root = folder / "raw", folder / "spe1"
    progress = Bars(CELL_ID)
    say(
        f"1. make {RECORDING_S:g} s of {CELL_ID}, semi-real: the real neuron's footprint and "
        "spikes in generated noise"
    )
    options = replace(SEMI_REAL, duration_s=RECORDING_S)
    if _simulate(raw_dir, options, progress):
        say("   it is there from an earlier demo")
    truth = read_truth(raw_dir, CELL_ID)

    say("2. build it: band-pass, reference, template, Arrow rows")
    try:
        result = build_cell(CELL_ID, Sources(raw_dir), root, OPTIONS, progress=progress)
    except StaleOutputError:  # an earlier demo of another version
        result = build_cell(CELL_ID, Sources(raw_dir), root, OPTIONS, force=True, progress=progress)
    data = result.metadata
    n_bytes = sum(file.size for file in data.files)
    say(
        f"   {data.splits['train'].rows} + {data.splits['test'].rows} rows, "
        f"{n_bytes / 1e9:.2f} GB, {result.status} in {result.seconds:.1f} s; "
        f"{data.n_spikes_total} spikes"
    )
    say(
        f"   peak channel {data.peak_channel} (planted: {truth.peak_channel}), "
        f"ground-truth electrode {data.gt_electrode_chan_idx}"
    )
    say("3. load it")
    _show_loading(root, folder / "cache")
    say(f"4. localize it: distance from the electrode, um ({data.provenance.kind})")
    _show_localization(root)
    say("5. sort it: the patched neuron found again, between the bounds that any sorter has")
    _show_sorting(root)
    picture = (result.folder / QUICKLOOK_NAME).resolve()
    this_screen().results.append(
        {
            "cell": CELL_ID,
            "status": result.status,
            "simulated": True,
            "origin": data.provenance.kind,
            "picture": str(picture),
            "root": str(root.resolve()),
        }
    )
    say(f"\npicture:  {picture}")
    say("dataset:  " + str(root.resolve()))
    say("check it: spe1 verify " + str(root))


def _simulate(raw_dir: Path, options: SimulationOptions, progress: Progress) -> bool:
    """Make the recording; returns whether the same one was there already."""
    from spe1_builder.source.simulation.archive import is_simulated, read_truth, simulate

    try:
        if is_simulated(raw_dir, CELL_ID) and read_truth(raw_dir, CELL_ID).options == options:
            return True
    except Spe1Error:
        pass  # the truth is damaged or another version's: it is made again
    simulate(raw_dir, [CELL_ID], options, progress=progress, overwrite=True)
    return False


def _show_localization(root: Path) -> None:
    """The benchmark on the template: methods and controls."""
    from spe1_builder.benchmark.localization.contestants import contestant
    from spe1_builder.benchmark.localization.options import BenchmarkOptions
    from spe1_builder.benchmark.localization.run import run_benchmark
    from spe1_builder.benchmark.localization.schema import write_benchmark

    result = run_benchmark(root, [CELL_ID], BenchmarkOptions())
    for score in result.cells[0].scores:
        say(f"   {contestant(score.method).label}: {score.score.median_error_um:.1f}")
    write_benchmark(RootLayout(root).benchmark, result)
    write_card(root)


def _show_sorting(root: Path) -> None:
    """The sorting benchmark: floor and ceiling, and a sorter between them."""
    from spe1_builder.benchmark.sorting.options import BOUNDS, SortingOptions
    from spe1_builder.benchmark.sorting.run import run_sorting_benchmark

    # The one sorter that two processors end in seconds, where it is installed.
    has_sorter = importlib.util.find_spec("spikesift") is not None
    sorters = (*BOUNDS, "spikesift") if has_sorter else BOUNDS
    result = run_sorting_benchmark(root, [CELL_ID], SortingOptions(sorters=sorters))
    for line in repr(result).splitlines()[1:]:
        say(f"   {line.strip()}")


def _show_loading(root: Path, cache_dir: Path) -> None:
    """Load in two ways and as an array; raises if the numbers were not the same."""
    # The demo is about a local folder: do not let the Hub's client look for it online.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import datasets

    from spe1_builder.reading.arrays import load, segment_uV

    with _bars_only_in_a_terminal():
        cached = datasets.load_dataset(
            str(root.resolve()), name=CELL_ID, cache_dir=str(cache_dir.resolve())
        )
    say(f"   load_dataset({str(root)!r}, name={CELL_ID!r}): {_sizes(cached)}")
    mapped = load(CELL_ID, root)
    say(f"   load_from_disk({str(root / CELL_ID)!r}): {_sizes(mapped)}")
    traces_uV = segment_uV(mapped["train"], 0)
    if not np.array_equal(traces_uV, segment_uV(cached["train"], 0)):
        raise AssertionError("load_dataset and load_from_disk differ")
    row = mapped["train"].select_columns(["sample_id", "ctt"])[0]
    times_ms = [time for channel in row["ctt"] for time in channel]
    say(
        f"   spe1.segment_uV(ds['train'], 0): {traces_uV.dtype} {traces_uV.shape} uV, "
        f"{traces_uV.shape[1] / NPX_RATE_HZ:g} s, s.d. {traces_uV.std():.1f} uV, "
        f"{len(times_ms)} spikes"
    )


@contextmanager
def _bars_only_in_a_terminal() -> Iterator[None]:
    """``datasets`` draws its bars into log files too, unless told not to."""
    import datasets

    is_to_hide = not sys.stderr.isatty() and not datasets.are_progress_bars_disabled()
    if is_to_hide:
        datasets.disable_progress_bars()
    try:
        yield
    finally:
        if is_to_hide:
            datasets.enable_progress_bars()


def _sizes(dataset: object) -> str:
    return ", ".join(f"{name} {len(split)} rows" for name, split in dataset.items())  # type: ignore[attr-defined]
