"""Cells for the benchmark: the session's built one, and copies that may be damaged."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from spe1_builder.layout import METADATA_NAME, PATCH_NAME, TEMPLATES_NAME


@pytest.fixture
def sidecars(built, tmp_path):
    """``sidecars(cell_id, change=..., template=..., without=...)``: a root without Arrow files."""
    root = tmp_path / "spe1"

    def add(cell_id="c14", change=None, template=None, without=(), public=False) -> Path:
        folder = root / cell_id
        folder.mkdir(parents=True)
        for name in {METADATA_NAME, TEMPLATES_NAME, PATCH_NAME} - set(without):
            shutil.copy(built.folder / name, folder / name)
        path = folder / METADATA_NAME
        if path.exists():
            values = json.loads(path.read_text())
            if public:
                values = {name: values[name] for name in PUBLIC_KEYS}
            if change is not None:
                change(values)
            path.write_text(json.dumps(values))
        if template is not None:
            arrays = dict(np.load(folder / TEMPLATES_NAME))
            template(arrays)
            np.savez(folder / TEMPLATES_NAME, **arrays)
        return root

    return add


#: Keys of the public card's example.
PUBLIC_KEYS = (
    "source_metadata",
    "template_metadata",
    "sampling_frequency",
    "num_units",
    "num_channels",
    "unit_peak_channel",
    "unit_locations_um",
    "gt_electrode_chan_idx",
    "bad_channel_ids",
    "n_spikes_total",
    "n_spikes_used_for_templates",
    "segment_duration_s",
    "train_fraction",
)
