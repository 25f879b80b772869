"""Where a simulated cell goes: what may be written there, and how it appears in one step."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from spe1_builder.errors import OptionError, Spe1Error
from spe1_builder.layout import RAW_SUFFIXES, RawLayout
from spe1_builder.source.simulation import shared_files
from spe1_builder.source.simulation.options import SimulationOptions
from spe1_builder.source.simulation.truth import (
    CellTruth,
    changed_files,
    is_simulated,
    read_truth,
    write_truth,
)


def is_up_to_date(raw_dir: Path | str, cell_id: str, options: SimulationOptions) -> bool:
    """Whether a simulated cell is there, whole, and made with these options."""
    raw_dir = Path(raw_dir)
    try:
        return (
            RawLayout(raw_dir).cell_dir(cell_id).is_dir()
            and is_simulated(raw_dir, cell_id)
            and read_truth(raw_dir, cell_id).options == options
            and not changed_files(raw_dir, cell_id)
        )
    except Spe1Error:
        return False  # a truth that does not read is that of no cell


def check_target(raw_dir: Path, cell_id: str, options: SimulationOptions, overwrite: bool) -> None:
    """Refuse to touch real data, or a simulated cell that is not to be replaced.

    Raises
    ------
    OptionError
        The folder or the cell is real, or a simulated cell is there that is not up to date.
    """
    if not shared_files.may_simulate_into(raw_dir):
        raise OptionError(
            "The folder already holds an archive that was not simulated.",
            where=raw_dir,
            expected="a new folder, or one with a simulated archive",
            got="recordings or shared files without 'truth/'",
            do="name another folder: real data is never overwritten",
        )
    target = RawLayout(raw_dir).cell_dir(cell_id)
    if not target.exists():
        return
    if not is_simulated(raw_dir, cell_id):
        raise OptionError(
            f"{cell_id} is already there, and was not simulated.",
            where=target,
            expected=f"no such cell, or the recording that 'truth/{cell_id}.json' records",
            got="another recording, or an unfinished one",
            do="name another folder, or move the cell away: real data is never overwritten",
        )
    if not overwrite and not is_up_to_date(raw_dir, cell_id, options):
        raise OptionError(
            f"{cell_id} is already there, simulated in another way.",
            where=target,
            expected="no such cell, or one of the same options",
            got=_difference(raw_dir, cell_id, options),
            do="use overwrite=True (--overwrite), or another folder",
        )


def _difference(raw_dir: Path, cell_id: str, options: SimulationOptions) -> str:
    try:
        there = asdict(read_truth(raw_dir, cell_id).options)
    except Spe1Error as error:
        return error.what
    changes = [
        f"{name} {there[name]!r} there, {value!r} asked"
        for name, value in asdict(options).items()
        if there[name] != value
    ]
    changes += [f"{name} changed or gone" for name in changed_files(raw_dir, cell_id)]
    return "; ".join(changes)


@contextmanager
def growing_cell(
    layout: RawLayout, truth: CellTruth, overwrite: bool
) -> Iterator[Mapping[str, Path]]:
    """Files to write the cell into, by kind, which become the cell if nothing fails."""
    cell_id = truth.cell_id
    target = layout.cell_dir(cell_id)
    folder = target.with_name(f"{cell_id}.incomplete")
    shutil.rmtree(folder, ignore_errors=True)  # what a killed run left
    folder.mkdir()
    files = {kind: folder / layout.cell_file(cell_id, kind).name for kind in RAW_SUFFIXES}
    try:
        yield files
        # Again: a real cell may have been put there in the meantime.
        check_target(layout.raw_dir, cell_id, truth.options, overwrite)
        if target.exists():
            shutil.rmtree(target)
        # The truth comes first: a cell without one would count as real.
        write_truth(layout.raw_dir, truth, files)
        folder.rename(target)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
