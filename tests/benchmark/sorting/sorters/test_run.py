"""A sorter's process: what it gets, what comes back, and every way in which it can end."""

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from spe1_builder.benchmark.sorting.sorters.child_spikesift import piece_spans
from spe1_builder.benchmark.sorting.sorters.known import KNOWN_SORTERS
from spe1_builder.benchmark.sorting.sorters.run import run_sorter
from spe1_builder.errors import MissingFileError, MissingPackageError, OptionError
from spe1_builder.reading.spikeinterface.opening import open_raw, open_recording
from tests.benchmark.sorting.sorters.fakes import fake_python
from tests.support.project import SOURCE

#: Where SpikeSift is installed; it brings a package `tests`, so it is not in this environment.
SPIKESIFT = os.environ.get("SPE1_SPIKESIFT_PYTHON")
#: The sorter of SpikeInterface that needs nothing more takes 20 s to compile and sort.
SLOW = os.environ.get("SPE1_SLOW_SORTERS")
CHANNELS = [100, 101, 104]


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """Where temporary folders are made, to see that none is left."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def _run(built, tmp_path, behave="pass", **options):
    python = fake_python(tmp_path / "fake", sys.executable, behave)
    given = {"channels": CHANNELS, "timeout_s": 60, **options}
    return run_sorter("spikesift", built.folder, python=python, **given)


def _crossings(trace, threshold):
    below = trace < threshold
    return (np.flatnonzero(below[1:] & ~below[:-1]) + 1).tolist()


def test_the_sorter_gets_the_built_traces(built, tmp_path, scratch):
    run = _run(built, tmp_path, params={"threshold": -20.0})
    assert run.problem is None
    trace_uV = open_recording(built.folder).get_traces(channel_ids=[CHANNELS[0]])[:, 0]
    assert run.units.samples[0].tolist() == _crossings(trace_uV, -20.0) != []
    assert run.units.source == "spikesift 9.9" and run.version == "9.9"
    assert run.params == {"threshold": -20.0} and "global median" in run.preprocessing
    assert run.processor_s > 0 and run.wall_s > 0 and run.peak_bytes > 10_000_000
    assert not list(scratch.iterdir())


@pytest.mark.parametrize("channels", [CHANNELS, range(384)])
def test_raw_counts_are_those_of_the_window(built, archive, channels, tmp_path, scratch):
    run = _run(
        built, tmp_path, raw_dir=archive.raw_dir, channels=channels, params={"threshold": -10}
    )
    start = built.metadata.analysis_window.start_sample
    stop = start + built.metadata.analysis_window.n_samples
    raw = open_raw("c14", archive.raw_dir)
    trace = raw.get_traces(channel_ids=[channels[0]], start_frame=start, end_frame=stop)[:, 0]
    assert run.units.samples[0].tolist() == _crossings(trace, -10) != []
    assert "raw counts" in run.preprocessing
    assert not list(scratch.iterdir())


def test_pieces_are_joined_in_both_ways(built, tmp_path):
    whole = _run(built, tmp_path / "a", params={"threshold": -20.0, "piece_s": 100})
    merged = _run(built, tmp_path / "b", params={"threshold": -20.0, "piece_s": 0.4})
    mapped = _run(
        built, tmp_path / "c", params={"threshold": -20.0, "piece_s": 0.4, "join": "mapped"}
    )
    # 1.6 s in pieces of 0.4 s, of which the last ends with less than a second: it is joined.
    assert len(whole.units.samples[1]) == 1 and len(merged.units.samples[1]) > 1
    assert mapped.units.samples[0].tolist() == merged.units.samples[0].tolist()
    assert len(mapped.units.unit_ids) == 1 + len(merged.units.samples[1])
    wrong = _run(built, tmp_path / "d", params={"join": "glued"})
    assert "join is 'merged' or 'mapped'" in wrong.problem


def test_pieces_cover_the_recording():
    assert piece_spans(300, 100, 10.0) == [(0, 100), (100, 200), (200, 300)]
    assert piece_spans(305, 100, 10.0) == [(0, 100), (100, 200), (200, 305)]
    assert piece_spans(5, 100, 10.0) == [(0, 5)]


@pytest.mark.parametrize(
    ("behave", "options", "words"),
    [
        ("raise ValueError('no spikes at all')", {}, "status 1: ValueError: no spikes at all"),
        ("print('last words', flush=True); os._exit(7)", {}, "status 7: last words"),
        ("os.kill(os.getpid(), 11)", {}, "SIGSEGV"),
        ("time.sleep(60)", {"timeout_s": 2}, "longer than 2 s"),
        (
            "held = [bytearray(os.urandom(1)) * 400_000_000 for _ in range(9)]",
            {"memory_bytes": 1_000_000_000},
            "more than 1.00 GB",
        ),
        ("import socket; socket.create_connection(('192.0.2.1', 80), 1)", {}, "no network"),
        ("import socket; socket.getaddrinfo('example.org', 80)", {}, "no network"),
        ("import nothing_of_that_name", {}, "No module named 'nothing_of_that_name'"),
        ("sys.exit()", {}, "units.npz is missing"),
    ],
)
def test_its_end_is_a_result(built, tmp_path, scratch, behave, options, words):
    run = _run(built, tmp_path, behave, **options)
    assert run.units is None and words in run.problem
    assert "\n" not in run.problem or "missing" in run.problem
    assert not list(scratch.iterdir())


def test_spikes_outside_of_the_window_are_a_problem(built, tmp_path):
    run = _run(built, tmp_path, "recording.recording_offset += 10_000_000")
    assert run.units is None and "outside of the analysis window" in run.problem


def _is_there(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def _wait(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes by /proc")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_running(built, tmp_path, how):
    pids = tmp_path / "pids"
    behave = (
        "import subprocess; other = subprocess.Popen(['sleep', '300']); "
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{other.pid}}.'); time.sleep(300)"
    )
    python = fake_python(tmp_path / "fake", sys.executable, behave)
    code = textwrap.dedent(
        f"""
        from pathlib import Path
        from spe1_builder.benchmark.sorting.sorters.run import run_sorter
        run_sorter("spikesift", Path({str(built.folder)!r}), channels=[1, 2, 3, 4],
                   python=Path({str(python)!r}))
        """
    )
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "TMPDIR": str(temporary)}
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stderr=subprocess.PIPE
    ) as parent:
        assert _wait(lambda: pids.exists() and pids.read_text().endswith("."), 60)
        found = [int(pid) for pid in pids.read_text().rstrip(".").split()]
        parent.send_signal(how)
        parent.communicate()
    assert _wait(lambda: not any(map(_is_there, found)))
    if how == signal.SIGINT:
        assert not list(temporary.iterdir())


def test_what_cannot_run_is_said_before_anything_is_done(built, tmp_path, scratch):
    with pytest.raises(OptionError, match="No such sorter"):
        run_sorter("ironclust", built.folder)
    with pytest.raises(OptionError, match="cannot be run"):
        run_sorter("herdingspikes", built.folder)
    with pytest.raises(MissingPackageError, match="pip install kilosort"):
        run_sorter("kilosort4", built.folder)
    with pytest.raises(OptionError, match="interpreter for the sorter"):
        run_sorter("simple", built.folder, python=tmp_path / "none")
    with pytest.raises(OptionError, match="plain values"):
        run_sorter("simple", built.folder, params={"a": np.zeros(3)})
    with pytest.raises(MissingFileError):
        run_sorter("simple", tmp_path)
    for channels in ([], [3, 1], [1, 1], [384], [-1], "12", [0.5]):
        with pytest.raises(OptionError, match="no channels"):
            _run(built, tmp_path / repr(channels), channels=channels)
    for limit in ({"memory_bytes": 0}, {"timeout_s": 0}):
        with pytest.raises(OptionError, match="memory and time"):
            run_sorter("simple", built.folder, **limit)
    assert not list(scratch.iterdir())


def test_each_known_sorter_says_what_it_takes():
    for name, sorter in KNOWN_SORTERS.items():
        assert sorter.name == name and sorter.install.startswith("pip install")
        assert sorter.cost and sorter.source


@pytest.mark.skipif(not SLOW, reason="SPE1_SLOW_SORTERS is not set")
def test_a_sorter_of_spikeinterface(built, scratch):
    """`simple`, by a clusterer of scikit-learn: its own needs hdbscan."""
    params = {"clusterer": "kmeans", "clusterer_kwargs": {"n_clusters": 4}}
    channels = range(built.metadata.peak_channel - 8, built.metadata.peak_channel + 8)
    run = run_sorter("simple", built.folder, channels=channels, params=params, timeout_s=120)
    assert run.problem is None
    assert 1 <= len(run.units.unit_ids) <= 4 and run.units.n_spikes > 10
    assert not list(scratch.iterdir())


@pytest.mark.skipif(not SPIKESIFT, reason="SPE1_SPIKESIFT_PYTHON names no interpreter")
@pytest.mark.parametrize("join", ["merged", "mapped"])
def test_spikesift_finds_the_patched_neuron(built, archive, join):
    run, again = (
        run_sorter(
            "spikesift",
            built.folder,
            raw_dir=archive.raw_dir,
            python=Path(SPIKESIFT),
            params={"piece_s": 0.8, "join": join},
        )
        for _ in range(2)
    )
    assert run.problem is None and run.version == "0.1.1"
    from spe1_builder.dataset.spikes.cell import read_cell_spikes

    truth = read_cell_spikes(built.folder).samples
    found = [
        np.count_nonzero(np.abs(truth[:, np.newaxis] - samples).min(axis=1) <= 30) / len(truth)
        for samples in run.units.samples
        if len(samples)
    ]
    assert max(found) > 0.8
    for one, other in zip(run.units.samples, again.units.samples, strict=True):
        np.testing.assert_array_equal(one, other)
