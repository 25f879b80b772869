"""Folders of Kilosort and Phy: ``spike_times.npy``, ``spike_clusters.npy``, ``cluster_*.tsv``."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

from spe1_builder.disk.arrays import read_npy
from spe1_builder.disk.bounded import read_bounded
from spe1_builder.errors import SortingError
from spe1_builder.reading.sortings.formats.form import SortingForm
from spe1_builder.reading.sortings.found import EXPORT_AGAIN, MOST_BYTES, FoundTrains, by_unit

_TIMES = "spike_times.npy"
#: After curation, before it.
_OWNERS = ("spike_clusters.npy", "spike_templates.npy")
_MOST_TEXT_BYTES = 50_000_000
_RATE = re.compile(r"^\s*sample_rate\s*=\s*([\d._eE+]+)\s*$", re.MULTILINE)


def is_known(source: Any) -> bool:
    return (
        isinstance(source, Path)
        and (source / _TIMES).is_file()
        and any((source / name).is_file() for name in _OWNERS)
    )


def read(folder: Path, *, labels: tuple[str, ...] | None = None) -> FoundTrains:
    """Units of a folder.

    Parameters
    ----------
    folder : Path
    labels : tuple of str, optional
        Only units whose group, or else Kilosort's label, is one of these: ("good", "mua").
    """
    owners_name = next((name for name in _OWNERS if (folder / name).is_file()), _OWNERS[0])
    times, owners = (
        read_npy(folder / name, MOST_BYTES, error=SortingError, do=EXPORT_AGAIN)
        for name in (_TIMES, owners_name)
    )
    unit_ids, trains = by_unit(times, owners, None, str(folder))
    tables = {path.stem: _table(path) for path in sorted(folder.glob("cluster_*.tsv"))}
    if labels is not None:
        best = {**tables.get("cluster_KSLabel", {}), **tables.get("cluster_group", {})}
        chosen = [i for i, name in enumerate(unit_ids) if best.get(name) in labels]
        unit_ids = tuple(unit_ids[i] for i in chosen)
        trains = tuple(trains[i] for i in chosen)
    return FoundTrains(
        unit_ids,
        trains,
        str(folder),
        rate_hz=_rate_hz(folder / "params.py"),
        # SpikeLab may write ms or s under the same name, in floats.
        unit="samples" if times.dtype.kind in "iu" else None,
        notes={"form": "phy", "spikes_of": owners_name, "labels": tables},
    )


def _table(path: Path) -> dict[str, str]:
    """The last column of a table by unit, as text."""
    content = read_bounded(path, _MOST_TEXT_BYTES, path.name, error=SortingError, do=EXPORT_AGAIN)
    rows = [line.split("\t") for line in content.decode("utf-8", "replace").splitlines()]
    return {row[0].strip(): row[-1].strip() for row in rows[1:] if len(row) > 1}


def _rate_hz(path: Path) -> float | None:
    """``params.py`` is Python; it is searched, never run."""
    if not path.is_file():
        return None
    content = read_bounded(path, _MOST_TEXT_BYTES, path.name, error=SortingError, do=EXPORT_AGAIN)
    found = _RATE.search(content.decode("utf-8", "replace"))
    try:
        return None if found is None else float(ast.literal_eval(found[1]))
    except (ValueError, SyntaxError):
        return None


FORM = SortingForm("phy", "a folder of Kilosort or Phy", is_known, read)
