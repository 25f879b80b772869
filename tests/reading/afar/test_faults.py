"""Servers that break off, are busy, refuse, or give something else."""

import json
import pickle
import shutil

import numpy as np
import pytest

import spe1

SHARD = 9_300


@pytest.fixture
def expected_uV(built):
    return spe1.read_uV(built.folder, 100, 400, [50])


@pytest.mark.parametrize("fault", ["drop", "short", 408, 429, 500, 502, 503, 504])
def test_what_passes_is_tried_again(far, waits_s, expected_uV, fault):
    far.server.faults = [fault] * 3
    np.testing.assert_array_equal(spe1.read_uV(far.url, 100, 400, [50]), expected_uV)
    # aiohttp asks once more by itself where a connection that was kept turns out closed.
    assert (1 if fault == "drop" else 3) <= len(waits_s) <= 3 and waits_s == sorted(waits_s)


def test_a_server_that_asks_for_patience_gets_it(far, waits_s, expected_uV):
    far.server.faults = [(429, {"Retry-After": "30"}), (503, {"Retry-After": "86400"})]
    np.testing.assert_array_equal(spe1.read_uV(far.url, 100, 400, [50]), expected_uV)
    assert waits_s == [30.0, 60.0]


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        ("drop", spe1.ServerError, "broke off"),
        (503, spe1.ServerError, "HTTP status 503"),
        ("short", spe1.ServerError, ""),
        (404, spe1.MissingFileError, "no such file"),
        (403, spe1.LoginError, "log in"),
        (400, spe1.ServerError, "400"),
        (416, spe1.ServerError, "fewer bytes"),
        ("moved", spe1.ServerError, "bytes 8-"),
        ("other", spe1.ServerError, "another one than the cell's"),
    ],
)
def test_what_stays_is_told(far, fault, error, words):
    far.server.faults = [fault] * 20
    with pytest.raises(error) as caught:
        spe1.read_uV(far.url, 100, 400, [50])
    assert words in str(caught.value)
    assert far.url in caught.value.where and ".arrow" in caught.value.where and caught.value.do


def test_a_server_without_ranges_is_told_before_it_has_sent_much(far):
    far.server.takes_ranges = False
    with pytest.raises(spe1.ServerError, match="whole files only"):
        spe1.read_uV(far.url, 100, 400, [50])
    assert far.server.n_bytes < 10_000_000


def test_nobody_there(far, waits_s):
    with pytest.raises(spe1.ServerError, match="cannot be reached"):
        spe1.CellTraces("http://127.0.0.1:9/spe1/c14")
    assert len(waits_s) == 5


@pytest.mark.parametrize(
    ("url", "error", "words"),
    [
        ("hf://datasets/user/spe1", spe1.OptionError, "hf://datasets/user/repo/c14"),
        ("hf://user/model/c14", spe1.OptionError, "hf://datasets/user/repo/c14"),
        ("hf://datasets/user/spe1/c14", spe1.OptionError, "HF_HUB_OFFLINE"),
        ("nowhere://x/c14", spe1.OptionError, "nowhere://"),
        ("https://", spe1.OptionError, "names no folder"),
        ("memory://nothing/c14", spe1.MissingFileError, "no built cell"),
        ("file:///no/such/c14", spe1.MissingFileError, "no built cell"),
    ],
)
def test_addresses_of_nothing(url, error, words):
    with pytest.raises(error) as caught:
        spe1.CellTraces(url)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://me:s3cret@example.org/spe1/c14",
        "https://example.org/spe1/c14?token=s3cret",
        "https://example.org/spe1/c14#s3cret",
    ],
)
def test_an_address_with_a_key_in_it_is_refused_and_not_repeated(url):
    with pytest.raises(spe1.OptionError) as caught:
        spe1.CellTraces(url)
    assert "s3cret" not in str(caught.value) + repr(caught.value.__dict__)


def test_a_root_is_no_cell(far):
    with pytest.raises(spe1.MissingFileError, match="no built cell"):
        spe1.read_uV(far.server.url, 0, 5)


@pytest.fixture
def own(far, built, tmp_path):
    """A copy of the cell that may be damaged."""
    shutil.copytree(built.folder.parent, tmp_path / "own")
    far.server.folder = tmp_path / "own"
    yield tmp_path / "own/c14"
    shutil.rmtree(tmp_path)


def test_metadata_that_were_changed(far, own):
    path = own / "conversion_metadata.json"
    text = path.read_text()
    for changed in ("", "{}", "[", text[:-20], text.replace('"rows": 4', '"rows": 5')):
        assert changed != text
        path.write_text(changed)
        with pytest.raises(spe1.OutputError):
            spe1.CellTraces(far.url)
    path.write_text(" " * 20_000_000)
    with pytest.raises(spe1.ServerError, match="far larger"):
        spe1.CellTraces(far.url)


def test_shards_in_each_others_place(far, own):
    """Of the right size, with the rows of others: their sample_id tells."""
    (train,), (test,) = (own / "train").glob("*.arrow"), (own / "test").glob("*.arrow")
    content = train.read_bytes()
    path = own / "conversion_metadata.json"
    metadata = json.loads(path.read_text())
    for record in metadata["files"]:
        if record["path"].startswith("test/data"):
            record["size"] = len(content)
    del metadata["seal"]
    path.write_text(json.dumps(metadata))
    test.write_bytes(content)
    traces = spe1.CellTraces(far.url)
    assert traces.read_uV(0, 5).shape == (384, 5)
    with pytest.raises(spe1.OutputError, match="not those that the metadata tell of"):
        traces.read_uV(4 * SHARD, 4 * SHARD + 5)


def test_a_damaged_shard(far, own):
    (shard,) = (own / "train").glob("*.arrow")
    size = shard.stat().st_size
    shard.write_bytes(bytes(size))
    with pytest.raises(spe1.OutputError, match="damaged"):
        spe1.read_uV(far.url, 0, 5)
    shard.write_bytes(b"")
    with pytest.raises(spe1.ServerError):
        spe1.read_uV(far.url, 0, 5)


def test_errors_pickle(far):
    far.server.faults = [400]
    with pytest.raises(spe1.ServerError) as caught:
        spe1.read_uV(far.url, 100, 400, [50])
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_login_does_not_follow_to_another_host(far, built):
    """The Hub leads to where its large files are, which is another host."""
    from spe1_builder.reading.afar.web import get
    from tests.support.range_server import RangeServer

    (shard,) = (built.folder / "train").glob("*.arrow")
    size, path = shard.stat().st_size, f"c14/train/{shard.name}"
    with RangeServer(built.folder.parent) as other:
        far.server.faults = [(302, {"Location": f"{other.url}/{path}"})]
        headers = {"Authorization": "Bearer s3cret"}
        content = get(f"{far.server.url}/{path}", headers, (10, 30, size))
        assert content == shard.read_bytes()[10:30]
        assert far.server.headers_seen[-1]["Authorization"] == "Bearer s3cret"
        (seen,) = other.headers_seen
        assert "Authorization" not in seen and seen["Range"] == "bytes=10-29"
