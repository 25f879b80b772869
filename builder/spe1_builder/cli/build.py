"""``spe1 build``: cells into Arrow datasets, one by one, and a table of what came of it."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spe1_builder.cells import expand_cells
from spe1_builder.cli.arguments import Cells, RawDir, Root, as_local
from spe1_builder.cli.cluster import Cluster, Cores, Memory, Walltime, Workers, named_cluster, tell
from spe1_builder.cli.console import (
    STOPPED,
    Column,
    console_width,
    error_fields,
    fit_columns,
    plural,
    print_columns,
    print_error,
    say,
    say_aside,
    this_screen,
    warn,
)
from spe1_builder.cli.download import Order, fetch_cells
from spe1_builder.dataset.plan.options import BuildOptions
from spe1_builder.dataset.warnings import warnings_of
from spe1_builder.declared import takes_options_of
from spe1_builder.disk.renamed import find_renamed
from spe1_builder.errors import MissingFileError, OptionError
from spe1_builder.layout import CHAN_MAP_NAME, QUICKLOOK_NAME, SUMMARY_NAME, RawLayout
from spe1_builder.progress import CellsLeft
from spe1_builder.runs.clusters.spec import ClusterSpec
from spe1_builder.runs.loop import Done, Failure, each_cell
from spe1_builder.runs.tasks import BuildTask

if TYPE_CHECKING:
    from spe1_builder.dataset.metadata import ConversionMetadata
    from spe1_builder.dataset.plan.inputs import Sources
    from spe1_builder.dataset.write.build import BuildResult


def _as_flag(kind: Any, doc: str) -> Any:
    return Annotated[kind, typer.Option(help=doc)]


@takes_options_of(BuildOptions, _as_flag)
def build(
    names: Cells,
    raw_dir: RawDir = Path(".raw"),
    root: Root = Path("spe1"),
    chan_map: Annotated[
        Path | None, typer.Option(callback=as_local, help="chanMap.mat, if elsewhere.")
    ] = None,
    summary: Annotated[
        Path | None, typer.Option(callback=as_local, help="Data Summary.xlsx, if elsewhere.")
    ] = None,
    recordings: Annotated[
        Path | None, typer.Option(callback=as_local, help="Recordings/, if elsewhere.")
    ] = None,
    threads: Annotated[int | None, typer.Option(help="Default: all processors, at most 3.")] = None,
    force: Annotated[
        bool, typer.Option("--force", metavar="", help="Build again what is there.")
    ] = False,
    strict: Annotated[
        bool,
        typer.Option("--strict", metavar="", help="What would be a warning makes the cell fail."),
    ] = False,
    download: Annotated[
        bool, typer.Option("--download", metavar="", help="First fetch what is not in --raw-dir.")
    ] = False,
    cluster: Cluster = None,
    workers: Workers = None,
    cores: Cores = None,
    memory: Memory = None,
    walltime: Walltime = None,
    **options: Any,
) -> None:
    """Build cells into Arrow datasets; exit status 1 if any fails."""
    from spe1_builder.dataset.plan.inputs import Sources

    chosen = BuildOptions(**options)
    cell_ids = expand_cells(names)
    spec = named_cluster(cluster, workers, cores, memory, walltime)
    if download and recordings is not None:
        do = "leave --recordings out, or --download"
        raise OptionError("A download goes to --raw-dir, not to --recordings.", do=do)
    order = Order(cell_ids, raw_dir, root, window_s=chosen.duration_s)
    if download and fetch_cells(order) == STOPPED:
        raise typer.Exit(STOPPED)
    if chan_map is None or summary is None or recordings is None:
        _require_archive(raw_dir)
    sources = Sources(raw_dir, chan_map, summary, recordings)
    status = build_cells(
        cell_ids,
        sources,
        root,
        chosen,
        n_threads=threads,
        force=force,
        strict=strict,
        cluster=spec,
    )
    raise typer.Exit(status)


def _require_archive(raw_dir: Path) -> None:
    """Refuse a raw folder that is not there, or that is a part of the archive.

    Raises
    ------
    MissingFileError
    """
    if not raw_dir.is_dir():
        raise MissingFileError(
            f"The raw folder {raw_dir} {'is no folder' if raw_dir.exists() else 'does not exist'}.",
            where=raw_dir.absolute(),
            expected=f"Recordings/cXX/, {CHAN_MAP_NAME} and {SUMMARY_NAME!r}",
            do=f"name it with --raw-dir, fetch it: spe1 download c14 --raw-dir {raw_dir}, "
            f"or make some: spe1 simulate {raw_dir}",
        )
    if RawLayout(raw_dir).recordings.is_dir():
        return
    by_name = Path(os.path.abspath(raw_dir))  # noqa: PTH100 - links are not followed
    for parent in list(by_name.parents)[:2]:
        layout = RawLayout(parent)
        if layout.recordings.is_dir() and (layout.summary.is_file() or layout.chan_map.is_file()):
            raise MissingFileError(
                f"The raw folder {raw_dir} is a part of the archive: did you mean its parent?",
                where=raw_dir.absolute(),
                expected=f"Recordings/cXX/, {CHAN_MAP_NAME} and {SUMMARY_NAME!r}",
                do=f"--raw-dir {parent}",
            )


def build_cells(
    names: Sequence[str],
    sources: Sources,
    root: Path,
    options: BuildOptions,
    *,
    n_threads: int | None,
    force: bool,
    strict: bool = False,
    cluster: ClusterSpec | None = None,
) -> int:
    """Build several cells and sum up; one failure stops no other.

    Parameters
    ----------
    names : sequence of str
        Cells or sets of the catalogue.
    cluster : ClusterSpec, optional
        Where they are built; by default here, one after the other.

    Returns
    -------
    int
        Exit status: 0 if every cell is there and up to date, else 1.

    Raises
    ------
    UnknownCellError, OptionError
        There is no such cell; less than one thread.
    """
    cell_ids = expand_cells(names)
    _check_threads(n_threads)
    missing = _tell_missing(cell_ids, sources)
    waiting = [cell_id for cell_id in cell_ids if cell_id not in missing]
    task = BuildTask(sources, root, options, n_threads, force, strict)
    outcomes: dict[str, Done[BuildResult] | Failure] = {**missing}
    for outcome in _each(waiting, task, cluster):
        outcomes[outcome.cell_id] = outcome
        if isinstance(outcome, Failure):
            print_error(outcome.cell_id, outcome.error)
            if outcome.is_foreign:
                traceback.print_exception(outcome.error, file=sys.stderr)
    return _sum_up([outcomes[cell_id] for cell_id in cell_ids])


def _each(
    cell_ids: Sequence[str], task: BuildTask, cluster: ClusterSpec | None
) -> Iterator[Done[BuildResult] | Failure]:
    """The loop of this machine, or of a cluster."""
    if cluster is None or not cell_ids:
        return each_cell(cell_ids, replace(task, progress_of=CellsLeft(len(cell_ids)).bars))
    from spe1_builder.dataset.write.root import prepare_root
    from spe1_builder.runs.clusters.run import run_in_cluster

    prepare_root(task.root)
    return run_in_cluster(cluster, cell_ids, task, "build", listener=tell)


def _check_threads(n_threads: int | None) -> None:
    if n_threads is not None and n_threads < 1:
        raise OptionError(
            f"threads cannot be {n_threads}.",
            where="threads",
            expected="1 or more",
            got=n_threads,
            do="leave --threads out for all processors, at most 3",
        )


def _tell_missing(cell_ids: Sequence[str], sources: Sources) -> dict[str, Failure]:
    """Where several cells have no raw folder, say it once; a single one is told as any error."""
    folders = {cell_id: sources.cell_dir(cell_id) for cell_id in cell_ids}
    missing = [
        cell_id
        for cell_id, folder in folders.items()
        # One that was renamed has an error of its own, and needs no download.
        if not folder.is_dir() and not find_renamed(folder.parent, [folder.name])
    ]
    if len(missing) < 2:
        return {}
    error = MissingFileError(
        f"The raw recordings of {len(missing)} cells are not there: {', '.join(missing)}.",
        where=sources.cell_dir(missing[0]).parent,
        do=f"spe1 download {' '.join(missing)} --raw-dir {sources.raw_dir}, or check --raw-dir",
    )
    print_error("spe1", error)
    cause = MissingFileError("no raw recording", do=error.do)
    return {cell_id: Failure(cell_id, cause) for cell_id in missing}


def _sum_up(results: Sequence[Done[BuildResult] | Failure]) -> int:
    """Print what came of the cells; returns the exit status."""
    width = console_width()
    print_columns(fit_columns(_result_columns(results), width), width)
    this_screen().results.extend(_fields(result) for result in results)
    looks = [r.result.folder / QUICKLOOK_NAME for r in results if isinstance(r, Done)]
    if looks:
        say("\npictures: " + " ".join(str(path) for path in looks))
    _warn([r.result for r in results if isinstance(r, Done)])
    n_failed = len(results) - len(looks)
    if n_failed:
        say_aside(f"\n{n_failed} of {plural(len(results), 'cell')} failed.")
    return 1 if n_failed else 0


def _warn(results: Sequence[BuildResult]) -> None:
    """What speaks against cells, one line each."""
    for result in results:
        for line in warnings_of(result.metadata):
            warn(f"{result.cell_id}: warning: {line}")


def _note(metadata: ConversionMetadata) -> str:
    """What the table's last column says of a cell that is there."""
    notes: list[str] = [metadata.provenance.kind] if metadata.provenance.simulated else []
    if metadata.warnings:
        notes.append(plural(len(metadata.warnings), "warning"))
    return ", ".join(notes)


def _fields(outcome: Done[BuildResult] | Failure) -> dict[str, Any]:
    """What came of a cell, as ``--json`` has it."""
    if isinstance(outcome, Failure):
        error = error_fields(outcome.error)
        return {"cell": outcome.cell_id, "status": "failed", "error": error}
    result, data = outcome.result, outcome.result.metadata
    return {
        "cell": result.cell_id,
        "status": result.status,
        "error": None,
        "folder": str(result.folder),
        "simulated": data.provenance.simulated,
        "origin": data.provenance.kind,
        "rows": {name: split.rows for name, split in data.splits.items()},
        "n_spikes": data.n_spikes_total,
        "peak_channel": data.peak_channel,
        "gt_channel": data.gt_electrode_chan_idx,
        "bad_channels": data.bad_channel_ids,
        "warnings": [warning.model_dump() for warning in data.warnings],
        "bytes": sum(file.size for file in data.files),
        "seconds": round(result.seconds, 3),
        "fingerprint": data.provenance.fingerprint,
    }


def _result_columns(results: Sequence[Done[BuildResult] | Failure]) -> list[Column]:
    names = ["cell", "status", "train + test", "spikes", "peak", "site", "bad", "GB", "s", "note"]
    rows = [_result_row(result) for result in results]
    ranks = {"s": 6, "bad": 5, "GB": 4, "site": 3, "peak": 2, "spikes": 1, "train + test": 1}
    return [
        Column(
            name,
            [row[index] for row in rows],
            is_left=name in {"cell", "status", "note"},
            rank=ranks.get(name, 0),
            least=24 if name == "note" else None,
        )
        for index, name in enumerate(names)
    ]


def _result_row(outcome: Done[BuildResult] | Failure) -> list[str]:
    if isinstance(outcome, Failure):
        return [outcome.cell_id, "FAILED", *[""] * 7, outcome.cause]
    result = outcome.result
    data = result.metadata
    return [
        result.cell_id,
        result.status,
        f"{data.splits['train'].rows} + {data.splits['test'].rows}",
        str(data.n_spikes_total),
        str(data.peak_channel),
        str(data.gt_electrode_chan_idx),
        str(len(data.bad_channel_ids)),
        f"{sum(file.size for file in data.files) / 1e9:.2f}",
        f"{result.seconds:.1f}",
        _note(data),
    ]
