"""Cells on the Hub: one commit, and the token goes nowhere but to the Hub."""

import json
import pickle

import numpy as np
import pytest

import spe1
from tests.support.hub.client import pointed_at
from tests.support.hub.server import TOKEN, Hub

REPO = "tester/spe1"
URL = f"hf://datasets/{REPO}/c14"


@pytest.fixture
def hub(built, tmp_path):
    """A private data set with one cell."""
    with Hub(tmp_path / "hub-store") as hub, pointed_at(hub, tmp_path / "hf-home"):
        hub.make(REPO, is_private=True)
        root = built.folder.parent
        files = [path for path in built.folder.rglob("*") if path.is_file()]
        hub.commit(REPO, {path.relative_to(root).as_posix(): path.read_bytes() for path in files})
        yield hub


def test_it_is_the_local_cell(hub, built):
    for channels in ([5, 200], None):
        expected = spe1.read_uV(built.folder, 9_000, 9_600, channels)
        np.testing.assert_array_equal(spe1.read_uV(URL, 9_000, 9_600, channels), expected)
    assert {seen.status for seen in hub.requests} <= {200, 206, 302, 307}


def test_it_stays_with_its_commit(hub, built):
    first = hub.head(REPO)
    traces = spe1.CellTraces(URL)
    assert f"hf://datasets/{REPO}@{first}/c14" in repr(traces)
    hub.commit(REPO, {"c14/conversion_metadata.json": b"{}"})
    sent = pickle.dumps(traces)
    assert first.encode() in sent and TOKEN.encode() not in sent
    expected = spe1.read_uV(built.folder, 20_000, 20_300)
    hub.requests.clear()
    for opened in (
        traces,
        pickle.loads(sent),
        spe1.CellTraces(f"hf://datasets/{REPO}@{first}/c14"),
    ):
        np.testing.assert_array_equal(opened.read_uV(20_000, 20_300), expected)
    assert all(first in seen.path or "/api/" not in seen.path for seen in hub.requests)
    with pytest.raises(spe1.OutputError):
        spe1.CellTraces(URL)


def test_recordings_carry_the_commit_and_no_token(hub, built):
    recording = spe1.open_recording(URL)
    first = hub.head(REPO)
    hub.commit(REPO, {"c14/conversion_metadata.json": b"{}"})
    text = json.dumps(recording.to_dict(recursive=True, include_annotations=True))
    assert first in text
    for told in (text, pickle.dumps(recording).decode("latin-1")):
        assert TOKEN not in told
    again = pickle.loads(pickle.dumps(recording))
    assert np.array_equal(again.get_traces(end_frame=50), recording.get_traces(end_frame=50))
    assert np.array_equal(
        recording.get_traces(end_frame=50), spe1.open_recording(built.folder).get_traces(0, 0, 50)
    )


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("hf://datasets/tester/none/c14", "no such data set"),
        (f"hf://datasets/{REPO}@gone/c14", "no such data set or revision"),
        (f"hf://datasets/{REPO}/c15", "no built cell"),
    ],
)
def test_what_is_not_there(hub, url, words):
    with pytest.raises(spe1.MissingFileError) as caught:
        spe1.CellTraces(url)
    assert words in str(caught.value)


def test_a_private_one_needs_its_token(hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_of_somebody_else")
    with pytest.raises(spe1.Spe1Error, match="does not show it") as caught:
        spe1.CellTraces(URL)
    assert "hf auth login" in str(caught.value) and "hf_of" not in str(caught.value)


@pytest.mark.parametrize("status", ["drop", 429, 503])
def test_troubles_pass(hub, waits_s, built, status):
    hub.faults.add("info", status, times=2)
    hub.faults.add("resolve", status, times=2, after=1)
    expected = spe1.read_uV(built.folder, 0, 300, [9])
    np.testing.assert_array_equal(spe1.read_uV(URL, 0, 300, [9]), expected)
    assert (2 if status == "drop" else 4) <= len(waits_s) <= 4
