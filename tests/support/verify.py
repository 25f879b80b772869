"""How the tests of ``spe1 verify`` damage a cell, and what is found in it."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import xxhash

from spe1_builder.dataset.card.root_files import write_card
from spe1_builder.dataset.findings import read_json
from spe1_builder.dataset.metadata import ConversionMetadata, read_model
from spe1_builder.dataset.rows.batches import SCHEMA
from spe1_builder.dataset.rows.shards import read_rows
from spe1_builder.dataset.verify import verify
from spe1_builder.errors import Spe1Error
from tests.support.golden import mark

#: In the names of the shards: that of the small cell that is built for most tests.
MARK = mark()
FIRST, SECOND = (f"train/data-{MARK}-0000{i}-of-00002.arrow" for i in range(2))
TEST = f"test/data-{MARK}-00000-of-00001.arrow"
TEMPLATE_IS_NOT_THE_MEAN = ("templates.npz", "template against the mean over the rows' spikes")


def found(cell: Path) -> list[tuple[str, str]]:
    """(where, fact) of every finding; where is relative to the cell, or to the root with ``/``."""
    pairs = []
    for finding in verify(cell.parent).findings:
        assert "\n" not in finding.what
        inside = finding.where.startswith("c14/")
        where = finding.where.removeprefix("c14/") if inside else f"/{finding.where}"
        pairs.append((where, finding.what.split(":")[0]))
    return pairs


def replace(path: Path, data: bytes) -> None:
    path.unlink(missing_ok=True)
    path.write_bytes(data)


def edit_json(path: Path, edit) -> None:
    document = json.loads(path.read_text())
    edit(document)
    replace(path, json.dumps(document, allow_nan=True).encode())


def edit_metadata(cell: Path, edit) -> None:
    """Change the metadata, and seal and list them anew, so that only their meaning can be wrong."""
    path = cell / "conversion_metadata.json"
    edit_json(path, edit)
    try:
        read_json(path)
        text = read_model(path, ConversionMetadata).sealed_text()
    except (Spe1Error, ValueError):
        return  # nobody could seal it
    replace(path, text.encode())
    write_card(cell.parent)


def refresh(cell: Path) -> None:
    """Sizes and hashes as they are now, so that only a file's meaning can be wrong."""

    def edit(document):
        for record in document["files"]:
            data = (cell / record["path"]).read_bytes()
            record |= {"size": len(data), "xxh3_128": xxhash.xxh3_128(data).hexdigest()}

    edit_metadata(cell, edit)


def edit_arrays(path: Path, edit) -> None:
    with np.load(path) as archive:
        arrays = dict(archive)
    edit(arrays)
    path.unlink()
    np.savez(path, **arrays)
    refresh(path.parent)


def lists(column: list[list[np.ndarray]], kind: pa.DataType) -> pa.Array:
    """One list of channels a row."""
    channels = [values for row in column for values in row]
    inner = np.cumsum([0, *map(len, channels)]).astype(np.int32)
    outer = np.cumsum([0, *map(len, column)]).astype(np.int32)
    values = pa.array(np.concatenate(channels), kind)
    return pa.ListArray.from_arrays(outer, pa.ListArray.from_arrays(inner, values))


def write_shard(
    path: Path, rows: list[dict], batch_rows: int = 2, schema: pa.Schema = SCHEMA
) -> None:
    path.unlink(missing_ok=True)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
        for i in range(0, len(rows), batch_rows):
            part = rows[i : i + batch_rows]
            arrays = [pa.array([row["sample_id"] for row in part], pa.string())]
            for name in ("cp", "cit", "ctt"):
                kind = SCHEMA.field(name).type.value_type.value_type
                arrays.append(lists([row[name] for row in part], kind))
            stream.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))


def edit_shard(cell: Path, name: str, edit, **form) -> None:
    """Change the rows of a shard, its recorded hash included."""
    rows = [
        {
            key: [np.array(v) for v in value] if key != "sample_id" else value
            for key, value in row.items()
        }
        for row in read_rows(cell / name)
    ]
    rows = edit(rows) or rows
    write_shard(cell / name, rows, **form)
    refresh(cell)


def peak_of(cell: Path) -> int:
    return json.loads((cell / "conversion_metadata.json").read_text())["unit_peak_channel"]["0"]
