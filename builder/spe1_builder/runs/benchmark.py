"""A benchmark over cells of a dataset root: ``spe1.benchmark``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from spe1_builder.benchmark.localization.options import BenchmarkOptions
from spe1_builder.benchmark.localization.schema import LocalizationBenchmark
from spe1_builder.cells import cell_names
from spe1_builder.declared import takes_options_of
from spe1_builder.errors import OptionError
from spe1_builder.paths import local_path
from spe1_builder.progress import Progress
from spe1_builder.reading.catalogue import require_root

#: What can be scored.
TASKS = ("localization",)
#: What it is scored on.
GROUNDS = ("root", "scraps")


@takes_options_of(BenchmarkOptions)
def benchmark(
    task: Literal["localization"] = "localization",
    root: str | Path = "spe1",
    cells: str | Iterable[str] | None = None,
    progress: Progress | None = None,
    *,
    on: Literal["root", "scraps"] = "root",
    **options: Any,
) -> LocalizationBenchmark:
    """Score methods against the electrode that stood at the patched neuron.

    Parameters
    ----------
    task : {"localization"}
        What is scored: "localization" is center of mass, monopolar triangulation and grid
        convolution, as Zhao et al. 2026, and beside them a point source of free decay.
    root : str or Path
        Dataset root; not looked at with ``on="scraps"``.
    cells : str or iterable of str, optional
        Cells and sets; by default the paper's that are in the root, or all of the scraps.
    progress : Progress, optional
        Told of the cells that are done.
    on : {"root", "scraps"}
        Built cells of a root; or the digitised templates of 21 real neurons that come with the
        package, which need no recording and have 25 of 384 channels (`spe1.scraps`).
    {options}

    Returns
    -------
    LocalizationBenchmark
        Scores of each cell and over all of them; printed, a line a method. A cell that could
        not be scored is in it with its problem, and in ``undone``. Nothing is written:
        ``spe1 benchmark localization`` also writes the result, figures and a report.

    Raises
    ------
    OptionError
        There is no such task or ground, or an option cannot work.
    MissingFileError
        There is no such root, or none of the paper's cells in it.
    OutputError
        Not one cell could be scored.

    Examples
    --------
    >>> import spe1
    >>> result = spe1.benchmark("localization", root="spe1", cells="c14", methods=("COM", "GC"))
    >>> result
    LocalizationBenchmark of 1 cell (simulated)
      templates, center of mass: ... within 50 um, median error ... um
      ...
    >>> [(row.method, row.n_cells) for row in result.summary][0]
    ('center_of_mass', 1)
    >>> result.cells[0].target_um, result.undone
    ((27.0, 1600.0), [])

    Real neurons, without a recording:

    >>> spe1.benchmark("localization", on="scraps", methods=("COM", "MT"))
    LocalizationBenchmark of 21 cells (digitised)
      templates, center of mass: ... within 50 um, median error ... um
      ...
    """
    from spe1_builder.benchmark.localization.run import choose_cells, run_benchmark
    from spe1_builder.benchmark.localization.scraps import run_on_scraps

    _require_known("task", task, TASKS, 'call spe1.benchmark("localization", root=...)')
    _require_known("on", on, GROUNDS, 'leave out on for built cells, or take on="scraps"')
    chosen = BenchmarkOptions(**options)
    if on == "scraps":
        return run_on_scraps(chosen, cells)
    place = require_root(local_path(root, "root"))
    cell_ids = choose_cells([] if cells is None else cell_names(cells), place)
    return run_benchmark(place, cell_ids, chosen, progress)


def _require_known(where: str, name: str, known: tuple[str, ...], do: str) -> None:
    if name not in known:
        raise OptionError(
            f"A benchmark has no such {where!r}.",
            where=where,
            expected=" or ".join(map(repr, known)),
            got=f"{name!r:.200}",
            do=do,
        )
