"""What came of the cells of a build: a table, pictures, warnings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from spe1_builder.cli.console import (
    Column,
    console_width,
    error_fields,
    fit_columns,
    plural,
    print_columns,
    say,
    say_aside,
    this_screen,
    warn,
)
from spe1_builder.dataset.warnings import warnings_of
from spe1_builder.layout import QUICKLOOK_NAME
from spe1_builder.runs.loop import Done, Failure

if TYPE_CHECKING:
    from spe1_builder.dataset.metadata import ConversionMetadata
    from spe1_builder.dataset.write.build import BuildResult


def sum_up(results: Sequence[Done[BuildResult] | Failure]) -> int:
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
