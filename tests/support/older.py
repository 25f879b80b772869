"""A cell as it was built before data 1.3.0."""

from pathlib import Path

import numpy as np

from spe1_builder.dataset.metadata import ConversionMetadata, read_model
from spe1_builder.dataset.plan.fingerprint import RawFile, fingerprint
from spe1_builder.layout import METADATA_NAME, SPLITS, shard_mark
from tests.support.verify import edit_json, refresh, replace


def make_older(cell: Path, data_version: str = "1.1.0") -> str:
    """Take from a cell what later versions added, and give it the fingerprint that it had.

    Its files are replaced, not written into. Returns the fingerprint.
    """
    patch = cell / "patch.npz"
    with np.load(patch) as archive:
        arrays = {name: archive[name] for name in archive.files if name != "spike_patch_indices"}
    patch.unlink()
    np.savez(patch, **arrays)
    metadata = read_model(cell / METADATA_NAME, ConversionMetadata)
    made, old = metadata.provenance, metadata.provenance.fingerprint
    new = fingerprint(
        metadata.cell_id,
        [RawFile(file.role, file.name, file.size, file.sha256) for file in made.raw_files],
        made.summary_facts or {},
        made.options,
        data_version=data_version,
    )
    marks = shard_mark(old), shard_mark(new)
    for split in SPLITS:
        for path in [*(cell / split).glob("data-*.arrow")]:
            path.rename(path.with_name(path.name.replace(*marks)))
    for path in cell.rglob("*.json"):
        text = path.read_text(encoding="utf-8").replace(old, new).replace(*marks)
        replace(path, text.encode())

    def edit(document):
        document["provenance"]["data_version"] = data_version
        del document["ground_truth_label"], document["provenance"]["origin"]

    edit_json(cell / METADATA_NAME, edit)
    refresh(cell)
    return new
