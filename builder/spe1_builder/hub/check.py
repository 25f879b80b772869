"""What is at the Hub held to the root: every file's hash, and the data as a user loads them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spe1_builder.cells import catalogue
from spe1_builder.dataset.findings import Finding, Report
from spe1_builder.errors import MissingFileError, Spe1Error
from spe1_builder.hub.contents import RootContents, root_contents
from spe1_builder.hub.remote import Hub, RemoteState, open_hub
from spe1_builder.hub.troubles import without_token
from spe1_builder.layout import VIEWS_NAME, RootLayout
from spe1_builder.paths import local_path
from spe1_builder.patience import Patience
from spe1_builder.progress import Progress, Silent, stage

if TYPE_CHECKING:
    from spe1_builder.dataset.metadata import ConversionMetadata

#: Rows of each split of `spikes` that are loaded back: the viewer's first page.
_N_SPIKES = 10


@dataclass(frozen=True)
class PublishedCheck:
    """What was compared, and what differs.

    Attributes
    ----------
    repo : str
    head : str
        The commit that was looked at.
    tags : tuple of str
        Its names.
    n_files, n_bytes : int
        Of the root, held to the Hub by hash.
    loaded : tuple of str
        What was loaded back and is equal.
    findings : tuple of Finding
        ``where`` is the path at the Hub.
    """

    repo: str
    head: str
    tags: tuple[str, ...]
    n_files: int
    n_bytes: int
    loaded: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether the Hub has what the root has."""
        return not self.findings

    def __bool__(self) -> bool:
        return self.ok


def check_published(
    root: str | Path = "spe1",
    repo: str = "",
    *,
    progress: Progress | None = None,
    patience: Patience | None = None,
) -> PublishedCheck:
    """Compare a published dataset with its root, and load it back as its users do.

    Every file is held to the Hub's own hash of it, which reads all of the root; then `cells`
    and the first rows of `spikes` are streamed by ``datasets``, and the first row of each
    cell is read by range, one channel of it, and compared with the files here.

    Parameters
    ----------
    root : str or Path
        Dataset root.
    repo : str
        Dataset at the Hub, ``user/name``.
    progress : Progress, optional
    patience : Patience, optional

    Returns
    -------
    PublishedCheck
        True if nothing differs.

    Raises
    ------
    MissingFileError
        There is no such root, or nothing is published under that name.
    HubError
        The Hub does not answer.
    """
    progress = progress or Silent()
    hub = open_hub(repo, patience, progress)
    contents = root_contents(RootLayout(local_path(root, "root")))
    remote = hub.state()
    if remote.head is None:
        raise MissingFileError(
            "Nothing is published under that name.",
            where=repo,
            do=f"publish it: spe1 publish --root {root} --repo {repo} --yes",
        )
    report = Report()
    _check_files(contents, remote, report, progress)
    loaded = []
    for name, compare in _readings(hub, contents, remote.head):
        with stage(progress, f"load {name}", 1, "config"):
            try:
                is_equal = compare()
            except Exception as error:  # noqa: BLE001 - whatever keeps a user from loading it
                if isinstance(error, Spe1Error):
                    report.add(name, error.what.rstrip("."), got=error.got)
                else:
                    report.add(
                        name, f"cannot be loaded: {type(error).__name__}", got=without_token(error)
                    )
                continue
        if is_equal:
            loaded.append(name)
        else:
            report.add(name, "what is loaded from the Hub is not what the root has")
    return PublishedCheck(
        repo,
        remote.head,
        tuple(name for name, sha in remote.tags.items() if sha == remote.head),
        sum(1 for _ in contents.files()),
        contents.n_bytes,
        tuple(loaded),
        tuple(report.findings()),
    )


def _check_files(
    contents: RootContents, remote: RemoteState, report: Report, progress: Progress
) -> None:
    with stage(progress, "compare hashes", contents.n_bytes, "B"):
        known = set()
        for file in contents.files():
            known.add(file.path)
            there = remote.files.get(file.path)
            if there is None:
                report.add(file.path, "the Hub has no such file")
            elif there.size != file.size:
                report.add(file.path, "size in bytes", expected=file.size, got=there.size)
            elif not there.is_same(file):
                report.add(file.path, "the Hub has other bytes of the same size")
            progress.advance(file.size)
    for path in sorted(set(remote.files) - known):
        if path.split("/")[0] in (*catalogue(), VIEWS_NAME):
            report.add(path, "a file at the Hub that the root lacks")


def _readings(hub: Hub, contents: RootContents, head: str) -> Iterator[tuple[str, Any]]:
    """Names, and functions that load one thing from the Hub and from the root."""
    root = contents.layout.root
    yield "cells", lambda: _same_rows(hub.repo, root, head, "cells", "train", None)
    for split in ("train", "test"):
        if any(file.path.startswith(f"{VIEWS_NAME}/spikes/{split}/") for file in contents.beside):
            yield (
                f"spikes/{split}",
                lambda split=split: _same_rows(hub.repo, root, head, "spikes", split, _N_SPIKES),
            )
    for cell_id, cell in contents.cells.items():
        yield (
            cell_id,
            lambda cell_id=cell_id, cell=cell: _same_traces(
                hub.repo, root, head, cell_id, cell.built.metadata
            ),
        )


def _same_rows(repo: str, root: Path, head: str, name: str, split: str, n_rows: int | None) -> bool:
    """Whether ``datasets`` streams the rows that it loads here."""
    from datasets import load_dataset

    there = load_dataset(repo, name, split=split, streaming=True, revision=head)
    here = load_dataset(str(root.resolve()), name, split=split, streaming=True)
    return [_comparable(row) for row in islice(there, n_rows)] == [
        _comparable(row) for row in islice(here, n_rows)
    ]


def _comparable(row: dict[str, Any]) -> dict[str, Any]:
    """A row whose pictures are their pixels."""
    return {
        name: value.tobytes() if hasattr(value, "tobytes") else value for name, value in row.items()
    }


def _same_traces(
    repo: str, root: Path, head: str, cell_id: str, metadata: ConversionMetadata
) -> bool:
    """Whether one channel of the first row, read by range, is that of the local file."""
    from spe1_builder.reading.traces import read_uV

    stop = min(
        int(metadata.segment_duration_s * metadata.sampling_frequency),
        metadata.analysis_window.n_samples,
    )
    channels = [metadata.peak_channel]
    there = read_uV(f"hf://datasets/{repo}@{head}/{cell_id}", 0, stop, channels)
    return bool(np.array_equal(there, read_uV(root / cell_id, 0, stop, channels)))
