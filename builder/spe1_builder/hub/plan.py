"""What publishing a root would do, file by file and commit by commit; nothing is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from spe1_builder.hub.contents import LocalCell, LocalFile, RootContents
from spe1_builder.hub.remote import RemoteState
from spe1_builder.layout import (
    BENCHMARK_NAME,
    CARD_NAME,
    CROISSANT_NAME,
    INDEX_NAME,
    METADATA_NAME,
    VIEWS_NAME,
)

#: ``gone``: at the Hub, and not in the root.
State = Literal["new", "changed", "same", "refused", "gone"]
#: The Hub asks for fewer than 100 files a commit (storage limits, "Recommendations").
MOST_FILES = 90
#: Beside the card, what may change while the data are the same: their hashes, scores on them.
_NOT_DATA = (INDEX_NAME, BENCHMARK_NAME, CROISSANT_NAME)
#: They hold its hash, or say the same.
_WITH_CARD = (INDEX_NAME, CARD_NAME, CROISSANT_NAME)


@dataclass(frozen=True)
class Step:
    """A commit: what it adds and takes away, in one piece.

    Attributes
    ----------
    title : str
        Of the commit.
    files : tuple of LocalFile
    deleted : tuple of str
        Paths; of folders, with a slash at the end.
    """

    title: str
    files: tuple[LocalFile, ...]
    deleted: tuple[str, ...] = ()

    @property
    def n_bytes(self) -> int:
        return sum(file.size for file in self.files)


@dataclass(frozen=True)
class Entry:
    """A row of the plan: a cell, or what lies beside the cells.

    Attributes
    ----------
    name : str
        Cell, ``views and side files`` or ``card and index``.
    state : {"new", "changed", "same", "refused", "gone"}
    n_files, n_bytes : int
        To send.
    n_deleted : int
        Files at the Hub that go.
    reasons : tuple of str
        Why it is refused.
    """

    name: str
    state: State
    n_files: int = 0
    n_bytes: int = 0
    n_deleted: int = 0
    reasons: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """As ``--json`` has it."""
        return {**self.__dict__, "reasons": list(self.reasons)}


@dataclass(frozen=True)
class PublishPlan:
    """What publishing would do.

    Attributes
    ----------
    root : Path
    repo : str
    head : str or None
        Commit that it was made for; None where the dataset is still to be created.
    is_private : bool
        What the dataset is, or will be.
    entries : tuple of Entry
    steps : tuple of Step
        The commits, in their order.
    tag : str or None
        To be set at the end.
    moves_tag : bool
        The tag is there, on other data.
    refusals : tuple of str
        Why nothing will be sent, one line each; see ``entries`` for those of cells.
    n_bytes_after : int
        Of the dataset when it is done.
    """

    root: Path
    repo: str
    head: str | None
    is_private: bool
    entries: tuple[Entry, ...]
    steps: tuple[Step, ...]
    tag: str | None
    moves_tag: bool
    refusals: tuple[str, ...]
    n_bytes_after: int

    @property
    def creates(self) -> bool:
        """Whether the dataset is new at the Hub."""
        return self.head is None

    @property
    def is_refused(self) -> bool:
        return bool(self.refusals) or any(entry.state == "refused" for entry in self.entries)

    @property
    def is_done(self) -> bool:
        """Whether there is nothing to do."""
        return not self.steps and self.tag is None and not self.creates

    @property
    def n_bytes(self) -> int:
        """To send; the Hub may have parts of it already."""
        return sum(step.n_bytes for step in self.steps)

    @property
    def n_files(self) -> int:
        return sum(len(step.files) for step in self.steps)

    def totals(self) -> dict[str, Any]:
        """As ``--json`` has it."""
        return {
            "repo": self.repo,
            "creates": self.creates,
            "private": self.is_private,
            "commits": len(self.steps),
            "files": self.n_files,
            "bytes": self.n_bytes,
            "bytes_after": self.n_bytes_after,
            "tag": self.tag,
            "moves_tag": self.moves_tag,
            "refusals": list(self.refusals),
        }


@dataclass(frozen=True)
class Comparison:
    """A root beside the dataset at the Hub.

    Attributes
    ----------
    entries : tuple of Entry
    steps : tuple of Step
    gone : tuple of str
        Cells at the Hub that the root lacks.
    data_differ : bool
        Whether anything but the card is to change.
    """

    entries: tuple[Entry, ...]
    steps: tuple[Step, ...]
    gone: tuple[str, ...]
    data_differ: bool


def compare(contents: RootContents, remote: RemoteState, known_cells: Sequence[str]) -> Comparison:
    """What differs, and the commits that would mend it.

    Cells come first, each in one commit; then views and side files; then, in one commit with
    the card, whatever the old card still named goes.

    Parameters
    ----------
    contents : RootContents
    remote : RemoteState
    known_cells : sequence of str
        Every cell that there can be.
    """
    version = contents.data_version
    entries, steps = [], []
    for cell_id, cell in contents.cells.items():
        there = remote.under(cell_id)
        if is_same_cell(cell, remote):
            entries.append(Entry(cell_id, "same"))
            continue
        gone = tuple(sorted(set(there) - {file.path for file in cell.files}))
        verb = "Replace" if there else "Add"
        steps.append(Step(f"{verb} {cell_id} (data {version})", cell.files, gone))
        state: State = "changed" if there else "new"
        entries.append(Entry(cell_id, state, len(cell.files), cell.n_bytes, len(gone)))
    missing = tuple(
        cell_id
        for cell_id in known_cells
        if cell_id not in contents.cells and remote.under(cell_id)
    )
    entries += [Entry(cell_id, "gone", n_deleted=len(remote.under(cell_id))) for cell_id in missing]

    last = [file for file in (*contents.beside, contents.card) if file.path in _WITH_CARD]
    beside = [file for file in contents.beside if file not in last and not _is_there(file, remote)]
    old_views = sorted(set(remote.under(VIEWS_NAME)) - {file.path for file in contents.beside})
    steps += [
        Step(f"Views and side files (data {version})", tuple(beside[i : i + MOST_FILES]))
        for i in range(0, len(beside), MOST_FILES)
    ]
    entries.append(_entry("views and side files", beside, contents.beside, remote, old_views))
    data_differ = bool(
        missing
        or old_views
        or any(entry.state in ("new", "changed") for entry in entries if entry.name in known_cells)
        or any(file.path not in _NOT_DATA for file in beside)
    )

    closing = [file for file in last if not _is_there(file, remote)]
    entries.append(_entry("card and index", closing, last, remote, ()))
    leaving = [f"{cell_id}/" for cell_id in missing] + old_views
    if leaving or closing:
        first, rest = leaving[:MOST_FILES], leaving[MOST_FILES:]
        steps.append(Step(f"Card of {len(contents.cells)} cells", tuple(closing), tuple(first)))
        steps += [
            Step("Clear old views", (), tuple(rest[i : i + MOST_FILES]))
            for i in range(0, len(rest), MOST_FILES)
        ]
    return Comparison(tuple(entries), tuple(steps), missing, data_differ)


def is_same_cell(cell: LocalCell, remote: RemoteState) -> bool:
    """Whether the Hub has this very cell: its metadata, and files of the sizes that they list.

    The metadata travel in their cell's commit and hold the hash of every file, so theirs
    stands for all.
    """
    there = remote.under(cell.cell_id)
    if {path: file.size for path, file in there.items()} != {f.path: f.size for f in cell.files}:
        return False
    metadata = next(file for file in cell.files if file.path.endswith(f"/{METADATA_NAME}"))
    return there[metadata.path].is_same(metadata)


def _is_there(file: LocalFile, remote: RemoteState) -> bool:
    there = remote.files.get(file.path)
    return there is not None and there.is_same(file)


def _entry(
    name: str,
    sent: Sequence[LocalFile],
    all_of_it: Sequence[LocalFile],
    remote: RemoteState,
    old: Sequence[str],
) -> Entry:
    n_bytes = sum(file.size for file in sent)
    if not sent and not old:
        return Entry(name, "same")
    is_new = not any(file.path in remote.files for file in all_of_it) and not old
    return Entry(name, "new" if is_new else "changed", len(sent), n_bytes, len(old))
