"""The views as ``datasets`` gives them: by name, by default, streamed; and what the card says."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from datasets import (
    Features,
    get_dataset_config_names,
    get_dataset_default_config_name,
    load_dataset,
    load_dataset_builder,
)
from PIL.Image import Image

import spe1
from spe1_builder.constants import CITATION, HOMEPAGE, LICENSE_NAME
from spe1_builder.dataset.rows.batches import FEATURES
from spe1_builder.dataset.views import VIEWS
from spe1_builder.dataset.write.build import build_cell
from tests.support.recordings import SMALL

NAMES = [view.name for view in VIEWS]


@pytest.fixture(scope="module")
def loaded(two_cells, tmp_path_factory):
    """Each view of c5 and c14."""
    cache = tmp_path_factory.mktemp("cache")
    yield {name: load_dataset(str(two_cells), name=name, cache_dir=str(cache)) for name in NAMES}
    shutil.rmtree(cache)


def test_cells_is_what_comes_without_a_name(two_cells, loaded, tmp_path):
    assert get_dataset_config_names(str(two_cells)) == [*NAMES, "scraps", "c5", "c14"]
    assert get_dataset_default_config_name(str(two_cells)) == "cells"
    plain = load_dataset(str(two_cells), cache_dir=str(tmp_path))
    assert plain["train"]["fingerprint"] == loaded["cells"]["train"]["fingerprint"]
    assert {name: list(splits) for name, splits in loaded.items()} == {
        "cells": ["train"],
        "spikes": ["train", "test"],
        "mini": ["train"],
    }


def test_cells_come_in_the_order_of_the_catalogue(loaded):
    for splits in loaded.values():
        for split in splits.values():
            assert list(dict.fromkeys(split["cell_id"])) == ["c5", "c14"]


def test_cells_say_what_the_metadata_and_the_release_do(two_cells, loaded):
    known = spe1.cells(two_cells).to_pandas().set_index("cell_id")
    same = "patch_type clamp patch_units n_spikes n_train_rows n_test_rows duration_s gt_channel"
    same += " gt_x_um gt_y_um distance_um depth_um peak_channel template_peak_to_peak_uV"
    same += " n_warnings data_version fingerprint"
    for row in loaded["cells"]["train"]:
        of_cell = known.loc[row["cell_id"]]
        assert {name: row[name] for name in same.split()} == of_cell[same.split()].to_dict()
        document = json.loads(
            (two_cells / row["cell_id"] / "conversion_metadata.json").read_text(encoding="utf-8")
        )
        assert row["bad_channel_ids"] == document["bad_channel_ids"]
        assert row["patch_kind"] == document["patch"]["type"]
        assert row["origin"] == "simulated"


def test_the_picture_is_a_picture(two_cells, loaded):
    picture = loaded["cells"]["train"][0]["quicklook"]
    assert isinstance(picture, Image) and picture.format == "PNG"
    assert np.asarray(picture).std() > 10
    undecoded = loaded["cells"]["train"].with_format("arrow")[1]["quicklook"][0].as_py()
    assert undecoded["bytes"] == (two_cells / "c14/patch_quicklook.png").read_bytes()
    assert undecoded["path"] == "c14_patch_quicklook.png"


@pytest.mark.parametrize("name", NAMES)
def test_streaming_gives_the_same(two_cells, loaded, name):
    for split, mapped in loaded[name].items():
        stream = load_dataset(str(two_cells), name=name, split=split, streaming=True)
        tables = [pa.table(table) for table in stream.with_format("arrow").iter(1_000)]
        assert (
            pa.concat_tables(tables)
            .combine_chunks()
            .equals(mapped.with_format("arrow")[:].combine_chunks())
        )


@pytest.mark.parametrize("name", [*NAMES, "c14"])
def test_builder_tells_what_it_would_load(two_cells, loaded, name, tmp_path):
    """Before anything is read: features, sizes, licence, description."""
    info = load_dataset_builder(str(two_cells), name, cache_dir=str(tmp_path)).info
    folder = "c14" if name == "c14" else f"views/{name}"
    assert (info.license, info.homepage, info.citation) == (LICENSE_NAME, HOMEPAGE, CITATION)
    assert f"SPE-1 {name}: " in info.description and "fingerprint " in info.description
    if name == "c14":
        assert info.features == Features.from_dict(FEATURES)
        rows = {"train": 4, "test": 2}
    else:
        assert info.features == loaded[name]["train"].features
        rows = {split: len(its) for split, its in loaded[name].items()}
    assert {split: its.num_examples for split, its in info.splits.items()} == rows
    sizes = {
        split: sum(path.stat().st_size for path in (two_cells / folder / split).glob("*.arrow"))
        for split in rows
    }
    assert {split: its.num_bytes for split, its in info.splits.items()} == sizes
    assert info.download_size == info.dataset_size == sum(sizes.values())


def test_a_rebuilt_cell_gives_new_rows(archive, built, tmp_path):
    """`load_dataset` keys its cache on the card alone."""
    root, cache = tmp_path / "spe1", str(tmp_path / "cache")
    shutil.copytree(built.folder.parent, root)
    first = {name: load_dataset(str(root), name=name, cache_dir=cache) for name in NAMES}
    old = set(root.glob("views/*/*/data-c*.arrow"))
    build_cell("c14", archive.sources, root, replace(SMALL, skip_seconds=0.3), force=True)
    assert not old & set(root.glob("views/*/*/data-c*.arrow"))
    fingerprint = json.loads((root / "c14/conversion_metadata.json").read_text())["provenance"]
    second = {name: load_dataset(str(root), name=name, cache_dir=cache) for name in NAMES}
    assert second["cells"]["train"]["fingerprint"] == [fingerprint["fingerprint"]]
    for name in NAMES:
        changed = [column for column in first[name]["train"].column_names if column != "quicklook"]
        tables = [each[name]["train"].with_format("arrow")[:] for each in (first, second)]
        assert tables[0].select(changed) != tables[1].select(changed)
    assert second["spikes"]["train"][0]["time_s"] != first["spikes"]["train"][0]["time_s"]
    shutil.rmtree(root)


def test_files_are_plain_arrow_streams(two_cells):
    paths = [*two_cells.glob("views/*/*/data-c*")]
    assert len(paths) == 2 * (1 + 2 + 1)
    for path in paths:
        with pa.memory_map(str(path)) as source:
            schema = pa.ipc.open_stream(source).schema
        view = next(view for view in VIEWS if view.name == path.parts[-3])
        assert schema.metadata is None and schema.equals(view.schema, check_metadata=True)
