"""What is published is held to the root, and loaded back as its users do."""

import shutil

import pytest

from spe1_builder.errors import MissingFileError
from spe1_builder.hub.check import check_published
from spe1_builder.hub.publish import publish
from tests.hub.roots import AT_ONCE, REPO, own_copy


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
