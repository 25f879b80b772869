"""A release to serve: shared files and cells, small, with its two lists."""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import openpyxl

from spe1_builder.cells import get_cell
from spe1_builder.lengths import recording_length_min
from spe1_builder.source.archive.server.listing import (
    Listing,
    join_checksums,
    parse_checksums,
    parse_filelist,
)
from spe1_builder.source.simulation import shared_files

#: Samples of a recording of 2 ms.
TINY = 60


def _n_patch(cell_id: str, n_npx: int) -> int:
    return round(n_npx * get_cell(cell_id).patch_rate_hz / 30_000)


def tiny_cell(cell_id: str, seed: int = 0, n_npx: int = TINY) -> dict[str, bytes]:
    """Files of a recording, which all raw checks accept; random, so hard to pack."""
    rng = np.random.default_rng(seed)
    n_patch = _n_patch(cell_id, n_npx)
    spikes = io.BytesIO()
    np.save(spikes, np.array([10, 50]))
    return {
        f"{cell_id}_npx_raw.bin": rng.integers(-99, 99, (n_npx, 384), dtype="<i2").tobytes(),
        f"{cell_id}_patch_ch1.bin": rng.normal(size=n_patch).astype("<f8").tobytes(),
        f"{cell_id}_wc_spike_samples.npy": spikes.getvalue(),
    }


def pack(files: dict[str, bytes], folder: str = "") -> bytes:
    """A ``.tar.gz`` of the files, under ``folder``; the same bytes every time."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(f"{folder}{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return gzip.compress(raw.getvalue(), 1, mtime=0)


def summary(cell_ids: Sequence[str], minutes: float | None = None, n_npx: int = TINY) -> bytes:
    """The release's summary of these cells, with recordings of this length in one measure."""
    header, *rows = shared_files.summary_rows(Path("/nonexistent"))
    column = header.index("Recording Length (mins)")
    book = openpyxl.Workbook()
    book.active.append(header)
    for row in rows:
        if row[0] in cell_ids:
            row[column] = minutes or recording_length_min(_n_patch(row[0], n_npx))
            book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def with_lists(files: dict[str, bytes]) -> dict[str, bytes]:
    """The files, ``filelist.txt`` and ``checksums.md5``, as CRCNS writes them."""
    sizes = "".join(f"./{path} {len(data)} ({len(data)} B)\n" for path, data in files.items())
    sums = "".join(f"{hashlib.md5(data).hexdigest()}  ./{path}\n" for path, data in files.items())
    lists = {
        "filelist.txt": f"# mode='default'\n# files of spe-1\n\n{sizes}".encode(),
        "checksums.md5": sums.encode(),
    }
    return files | lists


def side(cell_ids: Sequence[str], prefix: str = "", n_npx: int = TINY) -> dict[str, bytes]:
    """Channel map, and summary of recordings of this length."""
    return {
        f"{prefix}chanMap.mat": shared_files.chan_map(),
        f"{prefix}Data Summary.xlsx": summary(cell_ids, n_npx=n_npx),
    }


def tiny_release(*cell_ids: str, prefix: str = "data/", folder: str = "") -> dict[str, bytes]:
    """All that a server serves: packed tiny cells, the shared files, the lists."""
    cells = {
        f"{prefix}{cell_id}.tar.gz": pack(tiny_cell(cell_id), folder or f"{cell_id}/")
        for cell_id in cell_ids
    }
    return with_lists({**side(cell_ids, prefix), **cells})


def make_listing(filelist: str, checksums: str | None = None, where: str = "x") -> Listing:
    """What an archive with these two lists has."""
    sums = parse_checksums(checksums, where) if checksums else {}
    return Listing(where, join_checksums(parse_filelist(filelist, where).items(), sums))
