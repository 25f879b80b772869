"""Files as they come from the Hub, before they count."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spe1_builder.dataset.findings import Report
from spe1_builder.dataset.metadata import ConversionMetadata, read_model
from spe1_builder.dataset.verify.files import check_listing, damages_ahead
from spe1_builder.dataset.verify.metadata import check_seal
from spe1_builder.dataset.write.existing import is_replaceable
from spe1_builder.errors import (
    DamagedFileError,
    OutputError,
    ServerError,
    StaleOutputError,
)
from spe1_builder.hub.snapshot import Snapshot
from spe1_builder.layout import METADATA_NAME
from spe1_builder.progress import Progress, stage


@dataclass(frozen=True)
class Arrival:
    """A folder that no loader looks into, in which files of one commit gather.

    Attributes
    ----------
    folder : Path
        Of the data set's form: ``c14/train/...``.
    """

    folder: Path

    def bring(
        self,
        snapshot: Snapshot,
        names: Sequence[str],
        advance: Callable[[int], None] = lambda n_bytes: None,
    ) -> None:
        """Download files that are not here yet; what is here in part goes on.

        Raises what the Hub's client does.
        """
        from huggingface_hub import snapshot_download

        snapshot_download(
            snapshot.repo,
            repo_type="dataset",
            revision=snapshot.commit,
            local_dir=self.folder,
            allow_patterns=list(names),
            library_name="spe1",
            tqdm_class=_counting(advance),
        )
        # Without a network the client is content with whatever is in the folder.
        absent = [name for name in names if not (self.folder / name).is_file()]
        if absent:
            raise ServerError(
                "The Hub did not give every file.",
                where=f"{snapshot.repo}/{absent[0]}",
                got=f"{len(absent)} of {len(names)} files did not come",
                do="run the same again: it goes on where it stopped",
            )

    def metadata(self, cell_id: str) -> ConversionMetadata:
        """What came as the cell's metadata.

        Raises
        ------
        DamagedFileError
            They are not as they were written.
        """
        path = self.folder / cell_id / METADATA_NAME
        try:
            metadata = read_model(path, ConversionMetadata)
            is_sealed = metadata.seal is None or check_seal(path.read_bytes(), metadata, cell_id)
            got = "a seal that is not of this text"
        except OutputError as error:
            is_sealed, got = False, error.got or error.what
        if is_sealed and metadata.cell_id == cell_id:
            return metadata
        path.unlink()
        raise DamagedFileError(
            "The metadata of a cell did not come as they were written.",
            where=f"{cell_id}/{METADATA_NAME}",
            got=f"those of {metadata.cell_id}" if is_sealed else got,
            do="run the same again; if it stays so, tell whoever published it",
        )

    def n_bytes(self, cell_id: str) -> int:
        """Of the cell's files that are here, whole ones only."""
        return sum(p.stat().st_size for p in (self.folder / cell_id).rglob("*") if p.is_file())


def is_here(cell: Path, metadata: ConversionMetadata, force: bool) -> bool:
    """Whether that very build of a cell is in the root already; False means: fetch it.

    Raises
    ------
    StaleOutputError
        Another build is there and ``force`` is not set; or it is no cell at all.
    OptionError
        The folder is a link.
    """
    if not is_replaceable(cell, "fetch"):
        return False
    try:
        there = read_model(cell / METADATA_NAME, ConversionMetadata)
    except OSError:
        there = None
    if there == metadata:
        sizes = {record.path: record.size for record in metadata.files}
        return all(
            (cell / name).is_file() and (cell / name).stat().st_size == size
            for name, size in sizes.items()
        )
    if not force:
        raise StaleOutputError(
            "Another build of the cell is there.",
            where=cell,
            expected=f"fingerprint {metadata.provenance.fingerprint[:16]}",
            got="a damaged cell" if there is None else there.provenance.fingerprint[:16],
            do="replace it with force=True (--force), or choose another root",
        )
    return False


def require_whole(
    snapshot: Snapshot,
    arrival: Arrival,
    cell_id: str,
    metadata: ConversionMetadata,
    progress: Progress,
) -> None:
    """Hold what came to the metadata's sizes and hashes.

    Raises
    ------
    DamagedFileError
        A file is another one; it is removed, so that the next run fetches it anew.
    """
    folder, report = arrival.folder / cell_id, Report()
    check_listing(folder, metadata, report)
    n_bytes = sum(record.size for record in metadata.files)
    with stage(progress, f"check {cell_id}", n_bytes, "B"):
        for record, damage in damages_ahead(folder, metadata.files):
            if damage is not None:
                (folder / record.path).unlink(missing_ok=True)
                report.at(f"{cell_id}/{record.path}").add(**vars(damage))
            progress.advance(record.size)
    findings = report.findings()
    if findings:
        more = f" (and {len(findings) - 1} more)" if findings[1:] else ""
        raise DamagedFileError(
            "A file did not come as the metadata list it; the cell is not put in place.",
            where=f"{snapshot.repo}/{findings[0].where}",
            got=f"{findings[0].what}{more}",
            do="run the same again: only what is damaged is fetched anew; if it stays so, it was "
            "published damaged",
        )


def _counting(advance: Callable[[int], None]) -> type:
    """A bar that draws nothing, for the Hub's client: it tells how many bytes have come."""
    from tqdm import tqdm

    lock = threading.Lock()

    class Counting(tqdm):
        def __init__(self, *args: Any, **kwargs: Any):
            # Two bars count bytes in newer versions: as they come, and as they are written.
            desc = str(kwargs.get("desc"))
            self._is_ours = kwargs.get("unit") == "B" and desc != "Downloading bytes"
            kwargs.pop("name", None)
            super().__init__(*args, **{**kwargs, "disable": True})

        def update(self, n: float | None = 1) -> bool | None:
            if self._is_ours and n:
                with lock:
                    advance(int(n))
            return None

    return Counting
