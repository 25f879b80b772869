"""`open_recording` against the rows themselves and SpikeInterface's own recordings."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spikeinterface.core import NumpyRecording
from spikeinterface.core.testing import check_recordings_equal

import spe1
from spe1_builder.disk.pages import release_pages
from spe1_builder.probe import nominal_positions_um
from spe1_builder.reading.spikeinterface import cell_recording
from tests.support.spikeinterface_words import IN_UV

N_ALL = 48_017


@pytest.fixture(scope="module")
def recording(built):
    return spe1.open_recording(built.folder)


@pytest.fixture(scope="module")
def whole_uV(built):
    """float32 (N_CHANNELS, N_ALL), read row by row."""
    ds = spe1.load("c14", built.folder.parent)
    rows = [spe1.segment_uV(split, i) for split in ds.values() for i in range(len(split))]
    return np.concatenate(rows, axis=1)


def test_equals_a_recording_in_memory(recording, whole_uV):
    reference = NumpyRecording([whole_uV.T.copy()], 30_000.0)
    reference.set_channel_gains(1.0)
    reference.set_channel_offsets(0.0)
    check_recordings_equal(recording, reference)
    assert recording.get_dtype() == "float32" and recording.is_filtered()


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_range_and_channels(recording, whole_uV, data):
    start = data.draw(st.integers(0, N_ALL))
    stop = data.draw(st.integers(start, N_ALL))
    channels = data.draw(
        st.one_of(
            st.none(),
            st.lists(st.integers(0, 383), min_size=1, max_size=9, unique=True),
            st.just(list(range(100, 140))),
        )
    )
    expected = whole_uV[channels if channels is not None else slice(None), start:stop].T
    order = data.draw(st.sampled_from([None, "C", "F"]))
    got = recording.get_traces(
        start_frame=start, end_frame=stop, channel_ids=channels, order=order, **IN_UV
    )
    assert np.array_equal(got, expected) and got.shape == expected.shape


def test_one_row_is_a_view_that_cannot_be_written(recording):
    for channels in (None, [5, 6, 7]):
        traces_uV = recording.get_traces(start_frame=100, end_frame=300, channel_ids=channels)
        with pytest.raises(ValueError, match="read-only"):
            traces_uV[0, 0] = 1.0


@pytest.mark.parametrize(
    ("segments", "lengths"),
    [
        ("one", [N_ALL]),
        ("train_test", [4 * 9_300, N_ALL - 4 * 9_300]),
        ("rows", [9_300] * 5 + [1_517]),
    ],
)
def test_segments(built, whole_uV, segments, lengths):
    recording = spe1.open_recording(built.folder, segments=segments)
    assert [recording.get_num_samples(i) for i in range(len(lengths))] == lengths
    first = 0
    for i, length in enumerate(lengths):
        traces_uV = recording.get_traces(segment_index=i)
        assert np.array_equal(traces_uV, whole_uV[:, first : first + length].T)
        # The analysis window begins 0.2 s into the raw recording here.
        start_s = 0.2 + first / 30_000
        assert recording.get_times(segment_index=i)[0] == pytest.approx(start_s, abs=1e-9)
        first += length


def test_splits(built, whole_uV):
    n_train = 4 * 9_300
    for split, expected in (("train", whole_uV[:, :n_train]), ("test", whole_uV[:, n_train:])):
        for recording in (
            spe1.open_recording(built.folder, split=split),
            spe1.open_recording(built.folder / split),
            spe1.open_recording("c14", root=built.folder.parent, split=split),
        ):
            assert np.array_equal(recording.get_traces(), expected.T)
    assert spe1.open_recording(built.folder, split="test", segments="rows").get_num_segments() == 2


def test_probe_and_channel_properties(recording, built):
    probe = recording.get_probe()
    assert np.array_equal(probe.contact_positions, nominal_positions_um())
    assert probe.device_channel_indices.tolist() == list(range(384))
    assert probe.contact_ids.tolist()[:2] == ["e0", "e1"]
    assert set(probe.shank_ids) == {"0"}
    assert np.array_equal(recording.get_channel_locations(), nominal_positions_um())
    assert recording.channel_ids.tolist() == list(range(384))
    reference = [36, 75, 112, 151, 188, 227, 264, 303, 340, 379]
    assert np.flatnonzero(recording.get_property("is_reference")).tolist() == reference
    is_bad = recording.get_property("is_bad")
    assert np.flatnonzero(is_bad).tolist() == built.metadata.bad_channel_ids
    quality = recording.get_property("quality")
    assert set(quality[reference]) == {"reference"} and set(quality[~is_bad]) == {"good"}
    assert "inter_sample_shift" not in recording.get_property_keys()
    assert "open_raw" in recording.get_annotation("inter_sample_shift")


def test_annotations_tell_what_it_is(recording, built):
    told = {name: recording.get_annotation(name) for name in recording.get_annotation_keys()}
    assert told["cell_id"] == "c14" and told["simulated"] is True
    assert told["peak_channel"] == built.metadata.peak_channel
    assert told["fingerprint"] == built.metadata.provenance.fingerprint
    json.dumps(told, allow_nan=False)


def test_pages_that_are_given_back_are_read_again(built, whole_uV, monkeypatch):
    """With one row kept, every other row's pages go while its views are still in use."""
    monkeypatch.setattr(cell_recording, "_ROWS_KEPT", 1)
    given_back = []
    monkeypatch.setattr(
        cell_recording, "release_pages", lambda row: (given_back.append(row), release_pages(row))
    )
    recording = spe1.open_recording(built.folder)
    views = [
        recording.get_traces(start_frame=a, end_frame=a + 100) for a in range(0, 40_000, 9_300)
    ]
    assert len(given_back) == len(views) - 1
    for i, view in enumerate(views):
        assert np.array_equal(view, whole_uV[:, i * 9_300 : i * 9_300 + 100].T)
    with pytest.raises(ValueError, match="read-only"):
        release_pages(np.zeros(10_000))
