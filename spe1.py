"""SPE-1 as a Hugging Face dataset: the builder class and the few public functions.

>>> import spe1
>>> ds = spe1.load("c14", root="spe1")                  # a cell that `spe1.build` wrote
>>> traces_uV = spe1.segment_uV(ds["train"], 0)
>>> traces_uV.dtype, traces_uV.shape                    # (n_channels, n_samples)
(dtype('float32'), (384, ...))
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar

# A checkout that is not installed: its own package lies in the folder `builder`. The
# folder itself is no module, so that any `builder.py` elsewhere is left alone.
_SOURCE = Path(__file__).resolve().parent / "builder"
if (_SOURCE / "spe1_builder").is_dir() and str(_SOURCE) not in sys.path:
    sys.path.insert(0, str(_SOURCE))

if __name__ == "__main__":  # python -m spe1: the command, which needs none of what follows
    from spe1_builder.cli.app import main

    main()
    sys.exit()

import datasets

import spe1_builder
from spe1_builder import errors
from spe1_builder.benchmark.common.locations import score_locations
from spe1_builder.benchmark.common.scores import Score
from spe1_builder.benchmark.localization.methods import localize
from spe1_builder.benchmark.localization.schema import LocalizationBenchmark
from spe1_builder.benchmark.sorting.schema import SortingBenchmark
from spe1_builder.cells import catalogue, get_cell
from spe1_builder.constants import CITATION, DATA_VERSION, HOMEPAGE, LICENSE_NAME
from spe1_builder.dataset.plan.options import BuildOptions
from spe1_builder.dataset.verify import Finding, VerifiedCell, VerifyReport, verify
from spe1_builder.errors import *  # noqa: F403
from spe1_builder.errors import BusyError, MissingFileError, Spe1Error, StaleOutputError
from spe1_builder.export.export import export
from spe1_builder.export.model import Exported
from spe1_builder.hub.check import PublishedCheck, check_published
from spe1_builder.hub.fetch import FetchedCell, FetchResult, fetch
from spe1_builder.hub.publish import Published, PublishPlan, publish
from spe1_builder.layout import METADATA_NAME, SPLITS, RawLayout, RootLayout, shard_mark
from spe1_builder.paths import local_path
from spe1_builder.progress import Bars
from spe1_builder.reading.arrays import load, segment_uV
from spe1_builder.reading.catalogue import cells
from spe1_builder.reading.info import BuiltInfo, CellInfo, ReleaseInfo, info
from spe1_builder.reading.segments import Segment, map_segments
from spe1_builder.reading.spikeinterface.opening import (
    open_ground_truth,
    open_patch,
    open_raw,
    open_recording,
)
from spe1_builder.reading.spikes import spikes
from spe1_builder.reading.traces import CellTraces, read_uV
from spe1_builder.reading.windows import random_windows
from spe1_builder.runs.benchmark import benchmark
from spe1_builder.runs.benchmark_sorting import benchmark_sorting
from spe1_builder.runs.build import build
from spe1_builder.runs.build_many import build_many
from spe1_builder.runs.loop import Done, Failure
from spe1_builder.source.archive.one_cell import can_download, download_cell
from spe1_builder.source.scraps.model import CellScraps, Scraps
from spe1_builder.source.scraps.packaged import scraps
from spe1_builder.source.simulation.archive import (
    CellTruth,
    SimulatedArchive,
    SimulationOptions,
    simulate,
)

if Path(spe1_builder.__file__).resolve().parents[1] not in (_SOURCE, _SOURCE.parent):
    raise ImportError(
        f"spe1 is {__file__}, but its package comes from elsewhere: {spe1_builder.__file__}. "
        "Uninstall one of the two, or remove its folder from the path."
    )

__all__ = [
    "BuildOptions",
    "BuiltInfo",
    "CellInfo",
    "CellScraps",
    "CellTraces",
    "CellTruth",
    "Done",
    "Exported",
    "Failure",
    "FetchResult",
    "FetchedCell",
    "Finding",
    "LocalizationBenchmark",
    "PublishPlan",
    "Published",
    "PublishedCheck",
    "ReleaseInfo",
    "Score",
    "Scraps",
    "Segment",
    "SimulatedArchive",
    "SimulationOptions",
    "SortingBenchmark",
    "Spe1",
    "Spe1Config",
    "VerifiedCell",
    "VerifyReport",
    "benchmark",
    "benchmark_sorting",
    "build",
    "build_many",
    "cells",
    "check_published",
    "download_cell",
    "export",
    "fetch",
    "info",
    "load",
    "localize",
    "map_segments",
    "open_ground_truth",
    "open_patch",
    "open_raw",
    "open_recording",
    "publish",
    "random_windows",
    "read_uV",
    "score_locations",
    "scraps",
    "segment_uV",
    "simulate",
    "spikes",
    "verify",
    *errors.__all__,
]
__version__ = spe1_builder.__version__


def __dir__() -> list[str]:
    """What users call, alone: not what this file imports for itself."""
    return sorted([*__all__, "__doc__", "__file__", "__name__", "__version__", "errors", "torch"])


_OPTION_NAMES = tuple(field.name for field in fields(BuildOptions))


def _path(value: str | Path | None, what: str) -> Path | None:
    return None if value is None else local_path(value, what)


@dataclass
class Spe1Config(datasets.BuilderConfig):
    """One cell of the release."""


class Spe1(datasets.GeneratorBasedBuilder):
    """The plain ``datasets`` way to a cell.

    ``Spe1(config_name="c14", raw_dir=".raw")``, then ``download_and_prepare()`` and
    ``as_dataset()``. The cell is built into ``root`` if it is not there; preparing
    links its finished shards into the datasets cache, without a copy.

    Parameters
    ----------
    raw_dir : str or Path, optional
        The raw archive; a cell that it lacks is downloaded if there is a CRCNS account in
        the environment or in ``~/.netrc`` (not when streaming, which writes no raw file).
        Left out, the cell must have been built in ``root``.
    root : str or Path
        Dataset root.
    chan_map, summary, recordings : str or Path, optional
        As in `build`.
    n_threads : int, optional
        As in `build`.
    force : bool
        As in `build`.
    **kwargs
        Build options (those of `build`) and the arguments of
        ``datasets.GeneratorBasedBuilder``.

    Examples
    --------
    >>> import spe1
    >>> builder = spe1.Spe1(config_name="c14", root="spe1")
    >>> builder.download_and_prepare()
    >>> builder.as_dataset(split="train").column_names
    ['sample_id', 'cp', 'cit', 'ctt']
    """

    BUILDER_CONFIG_CLASS = Spe1Config
    BUILDER_CONFIGS: ClassVar[list[Spe1Config]] = [
        Spe1Config(
            name=cell.cell_id,
            version=datasets.Version(DATA_VERSION),
            description=f"SPE-1 {cell.cell_id}: {cell.patch_type.release_name}, "
            f"ground-truth electrode {cell.chan_predicted}",
        )
        for cell in catalogue().values()
    ]
    #: Whole record batches of two rows, as in the shards.
    DEFAULT_WRITER_BATCH_SIZE = 2

    def __init__(
        self,
        *args: Any,
        raw_dir: str | Path | None = None,
        root: str | Path = "spe1",
        chan_map: str | Path | None = None,
        summary: str | Path | None = None,
        recordings: str | Path | None = None,
        n_threads: int | None = None,
        force: bool = False,
        **kwargs: Any,
    ):
        # Our arguments stay out of the config: there they would change its id, and
        # with it the place in the cache where a plain load_dataset looks.
        self._given = {name: kwargs.pop(name) for name in _OPTION_NAMES if name in kwargs}
        self._options = BuildOptions(**self._given)
        self._raw_dir, self._root = _path(raw_dir, "raw_dir"), local_path(root, "root")
        self._places = (
            _path(chan_map, "chan_map"),
            _path(summary, "summary"),
            _path(recordings, "recordings"),
        )
        self._n_threads, self._force = n_threads, force
        self._is_ready = False
        self._init_args, self._init_kwargs = args, dict(kwargs)
        super().__init__(*args, **kwargs)
        known = self._recorded_fingerprint()
        if known is not None:
            self._settle(known)

    def _settle(self, fingerprint: str) -> None:
        """Move the place in the cache to the cell's fingerprint, so that no stale row returns."""
        if self.hash != fingerprint:
            super().__init__(*self._init_args, **{**self._init_kwargs, "hash": fingerprint})

    def _info(self) -> datasets.DatasetInfo:
        from spe1_builder.dataset.rows.batches import FEATURES

        return datasets.DatasetInfo(
            description=self.config.description,
            features=datasets.Features.from_dict(FEATURES),
            homepage=HOMEPAGE,
            license=LICENSE_NAME,
            citation=CITATION,
        )

    @property
    def _folder(self) -> Path:
        return RootLayout(self._root).cell(self.config.name)

    def _recorded_fingerprint(self) -> str | None:
        """Fingerprint of the cell in the root, if it was built with these options."""
        from spe1_builder.dataset.metadata import ConversionMetadata, read_model

        try:
            metadata = read_model(self._folder / METADATA_NAME, ConversionMetadata)
        except Spe1Error:
            return None
        built = metadata.provenance.options
        asked = self._options.as_dict() if self._raw_dir is not None else self._given
        matches = all(built.get(name) == value for name, value in asked.items())
        return metadata.provenance.fingerprint if matches else None

    def _make_ready(self, *, may_download: bool) -> None:
        """Download and build the cell, or find it built."""
        if self._is_ready:
            return
        get_cell(self.config.name)
        known = None if self._force else self._recorded_fingerprint()
        # Nothing is fetched again for a cell that has been built with these options.
        if self._raw_dir is not None and not (known is not None and self._lacks_raw()):
            self._settle_raw(may_download=may_download)
            self._settle(self._build())
        elif self._recorded_fingerprint() is None:
            cell_id, is_there = self.config.name, (self._folder / METADATA_NAME).is_file()
            error = StaleOutputError if is_there else MissingFileError
            raise error(
                f"{cell_id} was built with other options."
                if is_there
                else f"{cell_id} has not been built, and there is no raw_dir to build it from.",
                where=self._folder,
                do=f"pass raw_dir=, or: spe1 build {cell_id} --raw-dir .raw --root {self._root}",
            )
        self._is_ready = True

    def _lacks_raw(self) -> bool:
        is_elsewhere = self._places[-1] is not None
        raw_dir = self._raw_dir or Path()
        return not is_elsewhere and not RawLayout(raw_dir).cell_dir(self.config.name).is_dir()

    def _settle_raw(self, *, may_download: bool) -> None:
        """See to it that the raw recording is there, or say exactly how to get it."""
        cell_id, raw_dir = self.config.name, self._raw_dir or Path()
        if not self._lacks_raw():
            return
        if may_download and can_download():
            download_cell(cell_id, raw_dir, progress=Bars(cell_id))
            return
        reason = "there is no CRCNS account to fetch it with" if may_download else "this streams"
        raise MissingFileError(
            f"The raw recording of {cell_id} is not there, and {reason}.",
            where=RawLayout(raw_dir).cell_dir(cell_id),
            do=f"spe1 download {cell_id} --raw-dir {raw_dir}"
            + (" (or set CRCNS_USERNAME and CRCNS_PASSWORD)" if may_download else ""),
        )

    def _build(self) -> str:
        from spe1_builder.dataset.plan.inputs import Sources
        from spe1_builder.dataset.write.build import build_cell

        result = build_cell(
            self.config.name,
            Sources(self._raw_dir or Path(), *self._places),
            self._root,
            self._options,
            n_threads=self._n_threads,
            force=self._force,
            progress=Bars(self.config.name),
        )
        return result.metadata.provenance.fingerprint

    def download_and_prepare(self, *args: Any, **kwargs: Any) -> None:
        """Build the cell if need be, then put it into the datasets cache, without a copy."""
        self._make_ready(may_download=True)
        super().download_and_prepare(*args, **kwargs)

    def _split_generators(self, dl_manager: Any) -> list[datasets.SplitGenerator]:
        self._make_ready(may_download=not dl_manager.is_streaming)
        # By the names of the very build that the cache is named after.
        pattern = f"data-{shard_mark(str(self.hash))}-*.arrow"
        shards = {
            split: sorted(str(path) for path in (self._folder / split).glob(pattern))
            for split in SPLITS
        }
        if not all(shards.values()):
            raise BusyError(
                f"{self.config.name} was rebuilt at this moment.",
                where=self._folder,
                do="make the builder again, when the build is done",
            )
        return [
            datasets.SplitGenerator(name=split, gen_kwargs={"shards": paths})
            for split, paths in shards.items()
        ]

    def _prepare_split(
        self, split_generator: datasets.SplitGenerator, *args: Any, **kwargs: Any
    ) -> None:
        from spe1_builder.dataset.rows.link import can_link, link_shards

        if not can_link(self._output_dir, kwargs.get("file_format")):
            super()._prepare_split(split_generator, *args, **kwargs)
            return
        shards = [Path(path) for path in split_generator.gen_kwargs["shards"]]
        prefix = f"{self.dataset_name}-{split_generator.name}"
        rows = link_shards(shards, Path(self._output_dir), prefix)
        split_generator.split_info.num_examples = sum(rows)
        split_generator.split_info.num_bytes = sum(path.stat().st_size for path in shards)
        if len(shards) > 1:
            split_generator.split_info.shard_lengths = rows

    def _generate_examples(self, shards: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
        from spe1_builder.dataset.rows.shards import read_rows

        for path in shards:
            for row in read_rows(Path(path)):
                yield int(row["sample_id"]), row


# `spe1` is a module, not a package; registered so, `import spe1.torch` finds this one. It
# imports no torch until a class is taken from it.
from spe1_builder.reading import torch

sys.modules[f"{__name__}.torch"] = torch
