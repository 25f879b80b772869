"""What can be run on a cell, as values that can be sent to another process.

A task is a frozen value that is called with a cell's id, returns what can be pickled, and never
prints. The loop on one machine and a cluster run the same ones. Paths in it are those of the
machine that runs it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from spe1_builder.progress import Progress, Silent

if TYPE_CHECKING:
    from spe1_builder.benchmark.localization.evaluate import CellEvaluation
    from spe1_builder.benchmark.localization.options import BenchmarkOptions
    from spe1_builder.dataset.plan.inputs import Sources
    from spe1_builder.dataset.plan.options import BuildOptions
    from spe1_builder.dataset.verify import VerifyReport
    from spe1_builder.dataset.write.build import BuildResult
    from spe1_builder.source.archive.transfer.download import DownloadedCell
    from spe1_builder.source.archive.transfer.origin import OriginOptions

R_co = TypeVar("R_co", covariant=True)


class Task(Protocol[R_co]):
    """Work on one cell, wherever it runs."""

    @property
    def places(self) -> tuple[Path, ...]:
        """Folders that must be there before the work, where it runs."""

    def absolute(self) -> Self:
        """The same work in paths that do not depend on the folder where a process runs."""

    def with_threads(self, n_threads: int) -> Self:
        """The same work by so many threads, unless it says itself how many."""

    def __call__(self, cell_id: str) -> R_co:
        """Do it.

        Raises
        ------
        Spe1Error
        """


def silently(_cell_id: str) -> Progress:
    """Reports of a cell to nobody: what a task on another machine has."""
    return Silent()


def _absolute(path: Path | None) -> Path | None:
    return None if path is None else path.absolute()


@dataclass(frozen=True)
class DownloadTask:
    """Bring a cell of the release; see `spe1_builder.source.archive.one_cell.download_cell`.

    Attributes
    ----------
    raw_dir : Path
    options : OriginOptions, optional
    progress_of : callable
        ``progress_of(cell_id)``: what the download reports to.
    """

    raw_dir: Path
    options: OriginOptions | None = None
    progress_of: Callable[[str], Progress] = silently

    @property
    def places(self) -> tuple[Path, ...]:
        return (self.raw_dir,)

    def absolute(self) -> Self:
        return replace(self, raw_dir=self.raw_dir.absolute())

    def with_threads(self, n_threads: int) -> Self:
        return self

    def __call__(self, cell_id: str) -> DownloadedCell:
        from spe1_builder.source.archive.one_cell import download_cell

        progress = self.progress_of(cell_id)
        return download_cell(cell_id, self.raw_dir, options=self.options, progress=progress)


@dataclass(frozen=True)
class BuildTask:
    """Build a cell; see `spe1_builder.dataset.write.build.build_cell`.

    Attributes
    ----------
    sources : Sources
    root : Path
    options : BuildOptions
    n_threads : int or None
    force, strict : bool
    progress_of : callable
        ``progress_of(cell_id)``: what the build reports to.
    """

    sources: Sources
    root: Path
    options: BuildOptions
    n_threads: int | None = None
    force: bool = False
    strict: bool = False
    progress_of: Callable[[str], Progress] = silently

    @property
    def places(self) -> tuple[Path, ...]:
        recordings = self.sources.recordings
        return (self.root, self.sources.raw_dir if recordings is None else recordings)

    def absolute(self) -> Self:
        given = self.sources
        sources = replace(
            given,
            raw_dir=given.raw_dir.absolute(),
            chan_map=_absolute(given.chan_map),
            summary=_absolute(given.summary),
            recordings=_absolute(given.recordings),
        )
        return replace(self, root=self.root.absolute(), sources=sources)

    def with_threads(self, n_threads: int) -> Self:
        return self if self.n_threads is not None else replace(self, n_threads=n_threads)

    def __call__(self, cell_id: str) -> BuildResult:
        from spe1_builder.dataset.write.build import build_cell

        return build_cell(
            cell_id,
            self.sources,
            self.root,
            self.options,
            n_threads=self.n_threads,
            force=self.force,
            strict=self.strict,
            progress=self.progress_of(cell_id),
        )


@dataclass(frozen=True)
class VerifyTask:
    """Check a built cell; see `spe1_builder.dataset.verify.verify`.

    Attributes
    ----------
    root : Path
    """

    root: Path

    @property
    def places(self) -> tuple[Path, ...]:
        return (self.root,)

    def absolute(self) -> Self:
        return replace(self, root=self.root.absolute())

    def with_threads(self, n_threads: int) -> Self:
        return self

    def __call__(self, cell_id: str) -> VerifyReport:
        from spe1_builder.dataset.verify import verify

        return verify(self.root, [cell_id])


def seed_of_cell(cell_id: str, seed: int) -> str:
    """What `BenchmarkTask` is called with for one seed of the degradation.

    >>> seed_of_cell("c14", 3)
    'c14:3'
    """
    return f"{cell_id}:{seed}"


@dataclass(frozen=True)
class BenchmarkTask:
    """Localize a cell in every way that the options have.

    Called with `seed_of_cell`, it does one seed of the degradation alone.

    Attributes
    ----------
    root : Path
    options : BenchmarkOptions
        ``n_jobs`` follows the worker, unless it is more than 1.
    """

    root: Path
    options: BenchmarkOptions

    @property
    def places(self) -> tuple[Path, ...]:
        needs_raw = self.options.degradation or self.options.grid_search
        return (self.root, self.options.raw_dir) if needs_raw else (self.root,)

    def absolute(self) -> Self:
        options = replace(self.options, raw_dir=self.options.raw_dir.absolute())
        return replace(self, root=self.root.absolute(), options=options)

    def with_threads(self, n_threads: int) -> Self:
        if self.options.n_jobs > 1:
            return self
        return replace(self, options=replace(self.options, n_jobs=n_threads))

    def __call__(self, cell_id: str) -> CellEvaluation:
        from spe1_builder.benchmark.localization.evaluate import evaluate_cell
        from spe1_builder.benchmark.localization.plan import make_plan

        name, _, seed = cell_id.partition(":")
        chosen = replace(self.options, seeds=(int(seed),)) if seed else self.options
        return evaluate_cell(self.root, name, make_plan(chosen))
