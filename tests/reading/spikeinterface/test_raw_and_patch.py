"""`open_raw` and `open_patch` against the files and what is built from them."""

import json
import pickle

import numpy as np
import pytest
import scipy.signal
import spikeinterface.preprocessing as spre
from spikeinterface.core.testing import check_recordings_equal

import spe1
from tests.support.spikeinterface_words import IN_UV


def test_raw_is_the_file(archive):
    raw = spe1.open_raw("c14", archive.raw_dir)
    assert raw.get_dtype() == "int16" and not raw.is_filtered()
    assert np.array_equal(raw.get_traces(), archive.counts())
    volts = raw.get_traces(start_frame=5, end_frame=9, **IN_UV)
    assert np.array_equal(volts, archive.counts()[5:9] * np.float32(2.34375))
    assert raw.get_property("quality")[36] == "reference"
    assert "is_bad" not in raw.get_property_keys()
    check_recordings_equal(raw, pickle.loads(pickle.dumps(raw)))
    # The simulator samples all channels at once: to shift them would be wrong.
    assert "inter_sample_shift" not in raw.get_property_keys()
    assert raw.get_annotation("inter_sample_shift").startswith("none")


def test_shifts_of_a_real_recording(copied_archive):
    """Without its truth a recording is taken for a real one."""
    (copied_archive.raw_dir / "truth/c14.json").unlink()
    raw = spe1.open_raw("c14", copied_archive.raw_dir)
    shifts = raw.get_property("inter_sample_shift")
    assert shifts[:4].tolist() == [0, 0, 1 / 13, 1 / 13] and shifts.max() == 11 / 13
    assert np.array_equal(shifts[:24], shifts[360:])
    assert spre.phase_shift(raw).get_traces(start_frame=0, end_frame=10).shape == (10, 384)


def test_preprocessed_by_spikeinterface_it_is_the_built_cell(archive, built):
    """Its own pipeline in float64, over the same window of the same clock."""
    raw = spe1.open_raw("c14", archive.raw_dir)
    built_recording = spe1.open_recording(built.folder)
    scaled = spre.scale_to_uV(raw)
    filtered = spre.bandpass_filter(
        spre.astype(scaled, "float64"), 300, 3000, filter_order=5, margin_ms=50, dtype="float64"
    )
    ours_uV = spre.common_reference(filtered, operator="median", reference="global")
    first = raw.time_to_sample_index(built_recording.get_times()[0])
    assert first == 6_000
    window = {"start_frame": 2_000, "end_frame": 5_000}
    theirs = ours_uV.get_traces(start_frame=first + 2_000, end_frame=first + 5_000)
    assert np.abs(theirs - built_recording.get_traces(**window)).max() < 1e-3


def test_patch_trace(built, archive):
    patch = spe1.open_patch(built.folder)
    assert patch.units == "pA" and patch.patch_type == "Juxta, VC"
    path = archive.raw_dir / "Recordings/c14/c14_patch_ch1.bin"
    raw = np.fromfile(path, dtype="<f8")
    first = round((patch.times_s[0] + 0.2) * patch.rate_hz)
    assert np.array_equal(patch.trace, raw[first : first + len(patch.trace)].astype(np.float32))
    assert np.allclose(np.diff(patch.times_s), 1 / patch.rate_hz, atol=1e-9, rtol=0)
    train = spe1.open_ground_truth(built.folder).get_unit_spike_train(0)
    assert patch.spike_samples.tolist() == train.tolist()
    # In voltage clamp a spike is a trough: the trace is low where the spikes are.
    at = np.searchsorted(patch.times_s, patch.spike_times_s)
    sos = scipy.signal.butter(5, 200, "highpass", fs=patch.rate_hz, output="sos")
    fast = scipy.signal.sosfiltfilt(sos, patch.trace.astype(np.float64))
    assert np.median(fast[np.clip(at, 0, len(fast) - 1)]) < -5 * np.median(np.abs(fast))


def test_patch_recording(built):
    patch = spe1.open_patch(built.folder)
    recording = patch.recording
    assert recording.get_num_channels() == 1
    assert np.array_equal(recording.get_traces()[:, 0], patch.trace)
    assert recording.get_sampling_frequency() == patch.rate_hz
    assert recording.get_times()[100] == pytest.approx(patch.times_s[100] + 0.2, abs=1e-9)
    assert recording.get_property("physical_unit").tolist() == ["A"]
    assert not recording.has_scaleable_traces()  # a current has no microvolts
    again = pickle.loads(pickle.dumps(recording))
    assert np.array_equal(again.get_traces(), recording.get_traces())
    assert again.get_times()[0] == recording.get_times()[0]
    assert len(json.dumps(recording.to_dict())) < 700


def test_patch_of_a_current_clamp(archive, tmp_path):
    from tests.support.recordings import SMALL

    folder = spe1.build("c5", archive.raw_dir, tmp_path / "spe1", **SMALL.as_dict())
    patch = spe1.open_patch(folder)
    assert patch.units == "mV"
    traces_uV = patch.recording.get_traces(end_frame=10, **IN_UV)[:, 0]
    assert np.allclose(traces_uV, patch.trace[:10] * 1e3)
