"""What is published is held to the root, and loaded back as its users do."""

import shutil

import numpy as np
import pytest
from datasets import load_dataset

import spe1
from spe1_builder.errors import MissingFileError
from spe1_builder.hub.check import check_published
from spe1_builder.hub.publish import publish
from tests.hub.roots import AT_ONCE, REPO, expected_files, hub_files, own_copy


@pytest.fixture
def root(two_cells, tmp_path):
    root = own_copy(two_cells, tmp_path)
    yield root
    shutil.rmtree(root)


def test_what_was_published_is_loaded_back_and_equal(root, hub):
    publish(root, REPO, yes=True, allow_simulated=True, patience=AT_ONCE)

    found = check_published(root, REPO, patience=AT_ONCE)

    assert found.ok and not found.findings
    assert found.loaded == ("cells", "spikes/train", "spikes/test", "c5", "c14")
    assert found.tags == ("v1.3.0",) and found.head == hub.head(REPO)


def test_every_difference_is_named(root, hub):
    publish(root, REPO, yes=True, allow_simulated=True, patience=AT_ONCE)
    files = hub.files(REPO)
    shard = next(path for path in files if path.startswith("c14/train/data-"))
    content = bytearray(files[shard])
    content[len(content) // 2] ^= 1
    hub.commit(
        REPO,
        {
            shard: bytes(content),
            "c5/patch.npz": b"short",
            "c5/extra.txt": b"x",
            "chanMap.mat": None,
        },
    )

    found = check_published(root, REPO, patience=AT_ONCE)

    assert not found
    by_path = {finding.where: finding.what for finding in found.findings}
    assert "other bytes" in by_path[shard]
    assert "size in bytes" in by_path["c5/patch.npz"]
    assert "the root lacks" in by_path["c5/extra.txt"]
    assert "no such file" in by_path["chanMap.mat"]


def test_nothing_is_published(root, hub):
    with pytest.raises(MissingFileError, match="Nothing is published"):
        check_published(root, REPO, patience=AT_ONCE)


def test_it_loads_by_name_by_tag_and_as_a_stream(root, hub):
    publish(root, REPO, yes=True, allow_simulated=True, patience=AT_ONCE)
    here = spe1.load("c14", root=root)

    whole = load_dataset(REPO, name="c14", revision="v1.3.0")
    assert {split: len(rows) for split, rows in whole.items()} == {
        split: len(rows) for split, rows in here.items()
    }
    for index in range(len(here["test"])):
        there_uV = spe1.segment_uV(whole["test"], index)
        assert np.array_equal(there_uV, spe1.segment_uV(here["test"], index))
    first = next(iter(load_dataset(REPO, name="c14", split="train", streaming=True)))
    assert first["sample_id"] == "0000000000" and len(first["cp"]) == 384
    spikes = load_dataset(REPO, name="spikes")
    n_spikes = spe1.spikes(root).num_rows
    assert sum(len(rows) for rows in spikes.values()) == n_spikes


def test_it_is_published_through_xet_too(root, hub_with_xet):
    publish(root, REPO, yes=True, allow_simulated=True, patience=AT_ONCE)
    assert hub_files(hub_with_xet) == expected_files(root)
    assert publish(root, REPO, yes=True, allow_simulated=True, patience=AT_ONCE).commits == ()
