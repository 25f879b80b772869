"""A cell that lies elsewhere, by its metadata."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from spe1_builder.dataset.metadata import LARGEST_BYTES, ConversionMetadata, parse_model
from spe1_builder.errors import MissingFileError, OutputError
from spe1_builder.layout import METADATA_NAME
from spe1_builder.reading.afar.blocks import FarFile
from spe1_builder.reading.afar.hugging_face import SCHEME, HubStore
from spe1_builder.reading.afar.store import FileSystemStore, Store
from spe1_builder.reading.afar.web import WebStore


@dataclass(frozen=True, eq=False)
class FarCell:
    """A cell elsewhere: what its metadata say, and its files.

    Attributes
    ----------
    store : Store
        The cell's folder.
    metadata : ConversionMetadata
        Whole, by their seal.
    opening : int
        Which one of this process: blocks are kept for it alone, so that whoever opens a cell
        again, because a file was damaged there, meets none of the old ones.
    """

    store: Store
    metadata: ConversionMetadata
    opening: int = field(default_factory=itertools.count().__next__)

    @property
    def url(self) -> str:
        """Its address; on the Hub, of one commit."""
        return self.store.url

    def file(self, name: str) -> FarFile:
        """One of the files that the metadata list.

        Raises
        ------
        OutputError
            They list none of that name.
        """
        for record in self.metadata.files:
            if record.path == name:
                return FarFile(self.store, name, record.size, f"{self.opening} {name}")
        raise OutputError(
            f"The metadata list no {name}.",
            where=f"{self.url}/{METADATA_NAME}",
            do="see what is wrong where it was built: spe1 verify; then upload it again",
        )


def open_far_cell(url: str, fingerprint: str | None = None) -> FarCell:
    """The cell in a folder elsewhere.

    Parameters
    ----------
    url : str
        Of the folder: `spe1_builder.reading.afar.address.Address.url`.
    fingerprint : str, optional
        Of the build that it must be.

    Raises
    ------
    OptionError, MissingPackageError
        The address is none that can be read.
    MissingFileError
        There is no built cell.
    LoginError, ServerError
        It cannot be read.
    OutputError
        The metadata are damaged, or of another build.
    """
    store = _open_store(url)
    where = f"{store.url}/{METADATA_NAME}"
    try:
        content = store.fetch_whole(METADATA_NAME, LARGEST_BYTES)
    except MissingFileError as error:
        raise MissingFileError(
            "There is no built cell here.",
            where=url,
            expected="the folder of one cell, such as hf://datasets/user/spe1/c14",
            do="name the cell's folder; what a data set holds, its card says",
        ) from error
    metadata = parse_model(content, ConversionMetadata, where)
    if metadata.seal is not None and metadata.seal != metadata.right_seal():
        raise OutputError(
            f"{METADATA_NAME} is not as it was written.",
            where=where,
            expected=f"seal {metadata.right_seal()[:16]}",
            got=metadata.seal[:16],
            do="see what is wrong where it was built: spe1 verify; then upload it again",
        )
    there = metadata.provenance.fingerprint
    if fingerprint is not None and there != fingerprint:
        raise OutputError(
            "Another build of the cell lies there since it was opened or saved.",
            where=store.url,
            expected=f"fingerprint {fingerprint[:16]}",
            got=there[:16],
            do="open it again; what was computed from the other build does not belong to this one",
        )
    return FarCell(store, metadata)


def _open_store(url: str) -> Store:
    if url.startswith(SCHEME):
        return HubStore(url)
    if url.startswith(("http://", "https://")):
        return WebStore(url)
    return FileSystemStore(url)
