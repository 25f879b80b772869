"""The flat file and its descriptions, read by those whose formats they are."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st
from probeinterface import read_probeinterface
from spikeinterface.core import read_binary, read_python

import spe1
from spe1_builder.cli.export import read_channels
from spe1_builder.errors import OptionError
from spe1_builder.export.signal import scale_uV
from spe1_builder.probe import nominal_positions_um

#: Sorts the flat file in two pieces apart and joins them.
SIFT = """
import json, sys
import numpy as np, spikesift
folder = sys.argv[1]
told = json.load(open(folder + "/export.json"))
half = told["n_samples"] // 2
parts = []
for offset, n in ((0, half), (half, told["n_samples"] - half)):
    recording = spikesift.Recording(
        binary_file=folder + "/recording.dat", data_type=told["dtype"],
        probe_geometry=np.load(folder + "/channel_positions.npy"),
        sampling_frequency=told["sampling_frequency_hz"],
        num_samples=n, sample_offset=offset, recording_offset=offset)
    assert recording.read(start=5, num_samples=3).shape == (3, len(told["channel_ids"]))
    parts.append(spikesift.perform_spike_sorting(recording))
merged = spikesift.merge_recordings(parts)
print(json.dumps([merged.start_time(), merged.end_time()]))
"""


@pytest.mark.parametrize("dtype", ["int16", "float32"])
def test_traces(exported, traces_uV, dtype):
    done = exported("binary", dtype)
    stored = np.fromfile(done.path / "recording.dat", dtype).reshape(-1, 384)
    if dtype == "float32":
        assert np.array_equal(stored, traces_uV) and done.uV_per_bit == 1.0
    else:
        assert done.uV_per_bit == 1 / 32
        assert np.array_equal(stored, np.rint(traces_uV.astype(np.float64) * 32))
    assert done.traces_xxh3_128 == xxhash.xxh3_128(stored.tobytes()).hexdigest()
    assert done.n_samples == len(stored)


def test_spikeinterface_reads_it_by_its_params(exported, traces_uV):
    done = exported("binary")
    params = read_python(str(done.path / "params.py"))
    assert params.pop("hp_filtered") and params.pop("offset") == 0
    recording = read_binary(
        done.path / params["dat_path"],
        sampling_frequency=params["sample_rate"],
        num_channels=params["n_channels_dat"],
        dtype=params["dtype"],
        gain_to_uV=done.uV_per_bit,
        offset_to_uV=0.0,
    )
    read_uV = recording.get_traces(return_in_uV=True)
    assert np.abs(read_uV - traces_uV).max() <= done.uV_per_bit / 2


def test_geometry(exported, built, samples):
    done = exported("binary")
    (probe,) = read_probeinterface(done.path / "probe.json").probes
    assert np.array_equal(probe.contact_positions, nominal_positions_um())
    assert probe.device_channel_indices.tolist() == list(range(384))
    assert np.array_equal(np.load(done.path / "channel_positions.npy"), nominal_positions_um())
    chan_map = scipy.io.loadmat(done.path / "chanMap.mat")
    assert chan_map["chanMap"].ravel().tolist() == list(range(1, 385))
    assert np.array_equal(
        np.hstack([chan_map["xcoords"], chan_map["ycoords"]]), nominal_positions_um()
    )
    bad = np.flatnonzero(chan_map["connected"].ravel() == 0).tolist()
    assert bad == built.metadata.bad_channel_ids == done.bad_channel_ids
    assert np.array_equal(np.load(done.path / "ground_truth_samples.npy"), samples)


def test_what_it_says_of_itself(exported, built):
    done = exported("binary")
    told = json.loads((done.path / "export.json").read_text())
    assert told == json.loads(done.model_dump_json()) and "path" not in told
    assert told["origin"] == "simulated" and told["license"] == "cc-by-sa-4.0"
    assert told["fingerprint"] == built.metadata.provenance.fingerprint
    assert told["window_start_s"] == 0.2
    assert done.n_bytes == sum(p.stat().st_size for p in done.path.iterdir())


@pytest.mark.parametrize("channels", [range(100, 140), [7, 3, 36], slice(380, None)])
def test_some_channels(built, tmp_path, traces_uV, channels):
    done = spe1.export(built.folder, "binary", tmp_path / "some", channels=channels)
    chosen = np.arange(384)[channels] if isinstance(channels, slice) else list(channels)
    stored = np.fromfile(tmp_path / "some/recording.dat", "<i2").reshape(-1, len(chosen))
    assert np.array_equal(stored, np.rint(traces_uV[:, chosen].astype(np.float64) * 32))
    assert done.channel_ids == list(chosen)
    positions_um = np.load(tmp_path / "some/channel_positions.npy")
    assert np.array_equal(positions_um, nominal_positions_um()[chosen])
    (probe,) = read_probeinterface(tmp_path / "some/probe.json").probes
    assert np.array_equal(
        probe.contact_positions[np.argsort(probe.device_channel_indices)], positions_um
    )


@given(st.floats(0, 1e6))
def test_no_value_clips(largest_uV):
    scale = scale_uV(largest_uV)
    assert np.rint(largest_uV / scale) <= 32_767
    assert scale == 1 / 32 or np.rint(largest_uV / (scale / 2)) > 32_767


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 383), st.integers(0, 20)), min_size=1, max_size=5))
def test_channels_of_a_command_line(parts):
    text = ",".join(f"{first}-{first + more}" if more else str(first) for first, more in parts)
    expected = [channel for first, more in parts for channel in range(first, first + more + 1)]
    assert read_channels(text) == expected


@given(st.text(alphabet="0123456789-, x", max_size=8))
def test_any_text_for_channels(text):
    try:
        assert all(isinstance(channel, int) for channel in read_channels(text))
    except OptionError as error:
        assert error.where == "--channels"


@pytest.mark.parametrize("dtype", ["int16", "float32"])
def test_spikesift_sorts_it(exported, dtype):
    """In an interpreter of its own: it installs a package called ``tests``."""
    python = os.environ.get("SPE1_SPIKESIFT_PYTHON")
    if not python or not Path(python).exists():
        pytest.skip("SPE1_SPIKESIFT_PYTHON names no interpreter with spikesift")
    done = exported("binary", dtype)
    run = subprocess.run(
        [python, "-c", SIFT, str(done.path)], capture_output=True, text=True, check=False, cwd="/"
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout.splitlines()[-1]) == [0, done.n_samples]
