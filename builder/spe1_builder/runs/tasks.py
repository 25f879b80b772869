"""What can be run on a cell, as values that can be sent to another process.

A task is a frozen value that is called with a cell's id, returns what can be pickled, and never
prints. The loop on one machine and a cluster run the same ones. Paths in it are those of the
machine that runs it.
"""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

if TYPE_CHECKING:
    from spe1_builder.benchmark.localization.evaluate import CellEvaluation
    from spe1_builder.benchmark.localization.options import BenchmarkOptions
    from spe1_builder.dataset.plan.inputs import Sources
    from spe1_builder.dataset.plan.options import BuildOptions
    from spe1_builder.dataset.verify import VerifyReport
    from spe1_builder.dataset.write.build import BuildResult
    from spe1_builder.progress import Progress
    from spe1_builder.source.archive.transfer.download import DownloadedCell
    from spe1_builder.source.archive.transfer.origin import OriginOptions

R_co = TypeVar("R_co", covariant=True)
#: Cells that come from CRCNS at the same time: it is a small server, for everybody.
DOWNLOADS_AT_ONCE = 4


class Task(ABC, Generic[R_co]):
    """Work on one cell, wherever it runs."""

    @property
    @abstractmethod
    def places(self) -> tuple[Path, ...]:
        """Folders that must be there before the work, where it runs."""

    @property
    def at_once(self) -> int | None:
        """How many of them may run at the same time, on however many machines; None: any."""
        return None

    @property
    def parts(self) -> tuple[Task[Any], ...]:
        """What it does in turn; the last one's result is its own."""
        return (self,)

    @abstractmethod
    def absolute(self) -> Self:
        """The same work in paths that do not depend on the folder where a process runs."""

    def with_threads(self, n_threads: int) -> Self:
        """The same work by so many threads, unless it says itself how many."""
        return self

    @abstractmethod
    def __call__(self, cell_id: str, progress: Progress | None = None) -> R_co:
        """Do it, and report to ``progress``.

        Raises
        ------
        Spe1Error
        """


def _absolute(path: Path | None) -> Path | None:
    return None if path is None else path.absolute()


@dataclass(frozen=True)
class DownloadTask(Task["DownloadedCell"]):
    """Bring a cell of the release; see `spe1_builder.source.archive.one_cell.download_cell`.

    Attributes
    ----------
    raw_dir : Path
    options : OriginOptions, optional
        A folder that is copied is the worker's. It holds no account: where the task runs, that
        of the environment or of ``~/.netrc`` is taken.
    keep_archive : bool
    """

    raw_dir: Path
    options: OriginOptions | None = None
    keep_archive: bool = False

    @property
    def places(self) -> tuple[Path, ...]:
        folder = None if self.options is None else self.options.folder
        return (self.raw_dir,) if folder is None else (self.raw_dir, folder)

    @property
    def at_once(self) -> int | None:
        is_copy = self.options is not None and self.options.source is not None
        return None if is_copy else DOWNLOADS_AT_ONCE

    def absolute(self) -> Self:
        from spe1_builder.source.archive.transfer.origin import OriginOptions

        options = (self.options or OriginOptions()).absolute()
        return replace(self, raw_dir=self.raw_dir.absolute(), options=options)

    def __call__(self, cell_id: str, progress: Progress | None = None) -> DownloadedCell:
        from spe1_builder.source.archive.one_cell import download_cell
        from spe1_builder.source.archive.transfer.origin import OriginOptions

        options = self.options or OriginOptions()
        # Workers whom the server sent away come back at different times.
        patience = replace(options.patience, seed=zlib.crc32(cell_id.encode()))
        return download_cell(
            cell_id,
            self.raw_dir,
            options=replace(options, patience=patience),
            keep_archive=self.keep_archive,
            progress=progress,
        )


@dataclass(frozen=True)
class BuildTask(Task["BuildResult"]):
    """Build a cell; see `spe1_builder.dataset.write.build.build_cell`.

    Attributes
    ----------
    sources : Sources
    root : Path
    options : BuildOptions
    n_threads : int or None
    force, strict : bool
    """

    sources: Sources
    root: Path
    options: BuildOptions
    n_threads: int | None = None
    force: bool = False
    strict: bool = False

    @property
    def places(self) -> tuple[Path, ...]:
        given = self.sources
        files = [path.parent for path in (given.chan_map, given.summary) if path is not None]
        needs_raw = given.recordings is None or len(files) < 2
        folders = [given.raw_dir if needs_raw else None, given.recordings, *files]
        return tuple(dict.fromkeys([self.root, *(one for one in folders if one is not None)]))

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

    def __call__(self, cell_id: str, progress: Progress | None = None) -> BuildResult:
        from spe1_builder.dataset.write.build import build_cell

        return build_cell(
            cell_id,
            self.sources,
            self.root,
            self.options,
            n_threads=self.n_threads,
            force=self.force,
            strict=self.strict,
            progress=progress,
        )


@dataclass(frozen=True)
class VerifyTask(Task["VerifyReport"]):
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

    def __call__(self, cell_id: str, progress: Progress | None = None) -> VerifyReport:
        from spe1_builder.dataset.verify import verify

        return verify(self.root, [cell_id], progress)


@dataclass(frozen=True)
class InTurn(Task[R_co]):
    """One piece of work and then another, on the same cell; the second one's result.

    Attributes
    ----------
    first, then : Task
    """

    first: Task[Any]
    then: Task[R_co]

    @property
    def places(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys(self.then.places + self.first.places))

    @property
    def parts(self) -> tuple[Task[Any], ...]:
        return self.first.parts + self.then.parts

    def absolute(self) -> Self:
        return replace(self, first=self.first.absolute(), then=self.then.absolute())

    def with_threads(self, n_threads: int) -> Self:
        first, then = self.first.with_threads(n_threads), self.then.with_threads(n_threads)
        return replace(self, first=first, then=then)

    def __call__(self, cell_id: str, progress: Progress | None = None) -> R_co:
        self.first(cell_id, progress)
        return self.then(cell_id, progress)


def seed_of_cell(cell_id: str, seed: int) -> str:
    """What `BenchmarkTask` is called with for one seed of the degradation.

    >>> seed_of_cell("c14", 3)
    'c14:3'
    """
    return f"{cell_id}:{seed}"


@dataclass(frozen=True)
class BenchmarkTask(Task["CellEvaluation"]):
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

    def __call__(self, cell_id: str, progress: Progress | None = None) -> CellEvaluation:
        from spe1_builder.benchmark.localization.evaluate import evaluate_cell
        from spe1_builder.benchmark.localization.plan import make_plan

        name, _, seed = cell_id.partition(":")
        chosen = replace(self.options, seeds=(int(seed),)) if seed else self.options
        return evaluate_cell(self.root, name, make_plan(chosen), progress)
