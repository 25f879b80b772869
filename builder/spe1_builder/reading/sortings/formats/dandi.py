"""An NWB asset of the DANDI archive, through its own client: ``dandi:DANDISET/PATH[@VERSION]``."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

from spe1_builder.disk.space import require_space
from spe1_builder.errors import MissingPackageError, SortingError
from spe1_builder.reading.sortings.formats import nwb
from spe1_builder.reading.sortings.formats.form import SortingForm
from spe1_builder.reading.sortings.found import FoundTrains

_ADDRESS = re.compile(r"dandi:(?://)?(?P<dandiset>\d{6})/(?P<path>[^@]+)(?:@(?P<version>[\w.]+))?")
#: An asset without traces; one with traces has some ten GB.
_MOST_ASSET_BYTES = 2_000_000_000


def is_known(source: Any) -> bool:
    return isinstance(source, str) and _ADDRESS.fullmatch(source) is not None


def read(
    address: str,
    *,
    table: str = "units",
    most_bytes: int = _MOST_ASSET_BYTES,
    client: Any = None,
) -> FoundTrains:
    """Units of an asset, which is fetched and thrown away again.

    Parameters
    ----------
    address : str
    table : str
        As for an NWB file.
    most_bytes : int
        Larger assets are refused.
    client : optional
        A ``dandi.dandiapi.DandiAPIClient``, for an account or another server.
    """
    parts = _ADDRESS.fullmatch(address)
    assert parts is not None  # as `is_known` says
    try:
        asset = _asset(client or _client(), parts["dandiset"], parts["path"], parts["version"])
        size = int(asset.size)
        if size > most_bytes:
            raise SortingError(
                "The asset is larger than is fetched unasked.",
                where=address,
                expected=f"at most {most_bytes} bytes: most_bytes=",
                got=f"{size} bytes",
                do="download it (dandi download), and give the file; or raise most_bytes",
            )
        with tempfile.TemporaryDirectory(prefix="spe1-dandi-") as folder:
            require_space(Path(folder), size, "the asset", do="free some, or set TMPDIR")
            path = Path(folder) / "asset.nwb"
            asset.download(path)
            found = nwb.read(path, table=table)
    except (SortingError, MissingPackageError):
        raise
    # The client's errors have no common class: those of requests, of the archive, of the disk.
    except Exception as error:
        raise SortingError(
            "The asset could not be fetched from DANDI.",
            where=address,
            got=f"{type(error).__name__}: {error}",
            do="check the dandiset, the path and the version; or try again later",
        ) from error
    return FoundTrains(
        found.unit_ids, found.times, address, found.unit, found.rate_hz, {**found.notes}
    )


def _client() -> Any:
    try:
        from dandi.dandiapi import DandiAPIClient
    except ImportError as error:
        raise MissingPackageError(
            "Assets of DANDI are fetched by its client, which is not installed.",
            where="dandi",
            do="pip install dandi",
        ) from error
    return DandiAPIClient()


def _asset(client: Any, dandiset: str, path: str, version: str | None) -> Any:
    found = client.get_dandiset(dandiset, version) if version else client.get_dandiset(dandiset)
    return found.get_asset_by_path(path)


FORM = SortingForm(
    "dandi", "an NWB asset of DANDI: dandi:000123/sub-1/sub-1.nwb", is_known, read, takes_path=False
)
