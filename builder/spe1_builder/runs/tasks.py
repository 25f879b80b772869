"""What can be run on a cell, as values that can be sent to another process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from spe1_builder.progress import Bars, Progress

if TYPE_CHECKING:
    from spe1_builder.dataset.plan.inputs import Sources
    from spe1_builder.dataset.plan.options import BuildOptions
    from spe1_builder.dataset.write.build import BuildResult


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
    progress_of: Callable[[str], Progress] = field(default=Bars)

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
