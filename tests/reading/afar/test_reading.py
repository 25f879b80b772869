"""A cell behind a web server gives the bytes of the local one, and asks for no others."""

import multiprocessing
import pickle
import shutil

import fsspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import spe1
from spe1_builder.reading.afar import blocks

N_SAMPLES, SEGMENT = 48_017, 9_300


@pytest.fixture(scope="module")
def whole_uV(built):
    return spe1.read_uV(built.folder, 0, N_SAMPLES)


@given(data=st.data())
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_window(far, whole_uV, data):
    start = data.draw(st.integers(0, N_SAMPLES - 1))
    stop = data.draw(st.integers(start + 1, min(N_SAMPLES, start + 2 * SEGMENT)))
    channels = data.draw(
        st.lists(st.integers(0, 383), max_size=5)
        | st.slices(384)
        | st.sampled_from([list(range(0, 384, 50)), list(range(383, 370, -1))])
    )
    got = spe1.CellTraces(far.url).read_uV(start, stop, channels)
    assert got.dtype == np.float32
    assert got.tobytes() == np.ascontiguousarray(whole_uV[channels, start:stop]).tobytes()


def test_one_channel_costs_little(far, whole_uV):
    traces_uV = spe1.read_uV(far.url, 0, SEGMENT, [7])
    np.testing.assert_array_equal(traces_uV, whole_uV[[7], :SEGMENT])
    # The metadata, a batch's head, the channel.
    assert len(far.server.requests) == 3
    values = 4 * SEGMENT
    assert far.server.n_bytes < 30_000 + values + 4 * blocks.BLOCK_BYTES
    _, start, stop = far.server.requests[1]
    assert stop - start <= 2 * blocks.BLOCK_BYTES


def test_neighbours_are_one_request_and_blocks_are_kept(far, whole_uV):
    traces = spe1.CellTraces(far.url)
    traces.read_uV(0, 10, [0])
    far.server.forget()
    np.testing.assert_array_equal(
        traces.read_uV(0, SEGMENT, slice(100, 164)), whole_uV[100:164, :SEGMENT]
    )
    assert len(far.server.requests) == 1
    assert far.server.n_bytes < 64 * 4 * SEGMENT + 2 * blocks.BLOCK_BYTES
    far.server.forget()
    traces.read_uV(500, 3_000, [120, 163])
    assert far.server.requests == []


def test_the_cache_is_bounded(far, cache, whole_uV):
    cache.capacity_bytes = 10 * blocks.BLOCK_BYTES
    traces = spe1.CellTraces(far.url)
    for _ in range(2):
        for channel in range(0, 384, 40):
            got = traces.read_uV(0, 2 * SEGMENT, [channel])
            np.testing.assert_array_equal(got, whole_uV[[channel], : 2 * SEGMENT])
            assert cache.n_bytes <= cache.capacity_bytes
    np.testing.assert_array_equal(traces.read_uV(0, 20_000), whole_uV[:, :20_000])
    assert cache.n_bytes <= cache.capacity_bytes


def test_splits_and_windows(far, built):
    here, there = spe1.CellTraces(built.folder / "test"), spe1.CellTraces(f"{far.url}/test/")
    assert (there.first, there.last) == (here.first, here.last)
    assert repr(there) == repr(here).replace(str(built.folder.resolve()), far.url)
    drawn = [
        list(spe1.random_windows(source, 300, seed=3, n_windows=4)) for source in (here, there)
    ]
    for one, other in zip(*drawn, strict=True):
        assert one[0] == other[0]
        np.testing.assert_array_equal(one[1], other[1])


def test_it_pickles_as_the_address(far, whole_uV):
    traces = spe1.CellTraces(far.url)
    traces.read_uV(0, 2 * SEGMENT)
    sent = pickle.dumps(traces)
    assert len(sent) < 600
    again = pickle.loads(sent)
    np.testing.assert_array_equal(again.read_uV(5, 900, [3]), whole_uV[[3], 5:900])


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_it_reads_in_a_forked_process(far, whole_uV):
    """Whose parent has connections and a thread that are not its own."""
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("this system does not fork")
    traces = spe1.CellTraces(far.url)
    traces.read_uV(0, 50, [1])
    with multiprocessing.get_context("fork").Pool(1) as pool:
        got = pool.apply(traces.read_uV, (20_000, 20_050, [300]))
    np.testing.assert_array_equal(got, whole_uV[[300], 20_000:20_050])


def test_other_places(built, whole_uV):
    memory = fsspec.filesystem("memory")
    memory.put(str(built.folder), "/here/c14", recursive=True)
    for url in ("memory://here/c14", built.folder.resolve().as_uri()):
        traces = spe1.CellTraces(url)
        np.testing.assert_array_equal(traces.read_uV(9_000, 19_000), whole_uV[:, 9_000:19_000])
        assert url in repr(traces)
    memory.rm("/here", recursive=True)


def test_another_build_there_is_told(far, built, tmp_path, archive):
    from spe1_builder.dataset.write.build import build_cell
    from tests.support.recordings import SMALL

    root = tmp_path / "spe1"
    shutil.copytree(built.folder.parent, root)
    far.server.folder = root
    sent = pickle.dumps(spe1.CellTraces(far.url))
    other = type(SMALL)(**{**SMALL.as_dict(), "ms_after": 1.0})
    build_cell("c14", archive.sources, root, other, force=True)
    with pytest.raises(spe1.OutputError, match="Another build"):
        pickle.loads(sent).read_uV(0, 5)
    shutil.rmtree(tmp_path)
