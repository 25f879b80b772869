"""The file that is hashed as it is written, past the page cache or through it."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from spe1_builder.disk import direct as sink
from spe1_builder.disk.direct import HashingFile, hash_file


@pytest.fixture(params=["direct", "cached"])
def way(request, monkeypatch, tmp_path):
    """Both ways of writing, where this file system has both."""
    monkeypatch.setattr(sink, "_is_in_memory", lambda folder: False)
    if request.param == "cached":
        monkeypatch.setattr(sink.os, "O_DIRECT", 0, raising=False)
    else:
        descriptor, is_direct = sink._open(tmp_path / "probe")
        os.close(descriptor)
        if not is_direct:
            pytest.skip("this file system knows no direct writing")
    return request.param


@pytest.mark.parametrize("buffer_bytes", [4096, 12_288])
def test_any_pieces_give_the_same_file(way, monkeypatch, tmp_path, buffer_bytes):
    monkeypatch.setattr(sink, "_BUFFER_BYTES", buffer_bytes)

    @given(st.lists(st.integers(0, 30_000), max_size=8), st.integers(0, 2**32 - 1))
    @settings(max_examples=40, deadline=None)
    def check(lengths, seed):
        rng = np.random.default_rng(seed)
        pieces = [rng.integers(0, 256, n, dtype=np.uint8) for n in lengths]
        whole = b"".join(piece.tobytes() for piece in pieces)
        file = HashingFile(tmp_path / "file")
        for piece in pieces:
            assert file.write(piece) == len(piece)
        assert file.n_written == len(whole)
        file.close()
        assert (tmp_path / "file").read_bytes() == whole
        assert file.xxh3_128 == hash_file(file.path) == xxhash.xxh3_128(whole).hexdigest()

    check()


def test_memory_may_be_used_again_after_a_write(way, tmp_path):
    """Any dtype, any place in memory; what comes after `write` changes nothing."""
    values = np.arange(3_000_001, dtype=np.float32)[1:]
    expected = values.tobytes()
    file = HashingFile(tmp_path / "file")
    file.write(values)
    values[:] = -1.0
    file.write(b"end")
    file.close()
    assert file.path.read_bytes() == expected + b"end"
    assert file.closed
    file.close()
    file.abandon()


def test_a_refused_direct_write_goes_through_the_cache(monkeypatch, tmp_path):
    """Some file systems open a file for direct writing and then refuse to write it."""
    monkeypatch.setattr(sink, "_is_in_memory", lambda folder: False)
    write, refused = os.write, []

    def refuse(descriptor, data):
        import fcntl

        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_DIRECT:
            refused.append(len(data))
            raise OSError(errno.EINVAL, "Invalid argument")
        return write(descriptor, data)

    monkeypatch.setattr(sink.os, "write", refuse)
    content = os.urandom(10_000)
    file = HashingFile(tmp_path / "file")
    file.write(content)
    file.close()
    assert file.path.read_bytes() == content


def test_a_direct_write_that_stops_between_two_blocks_goes_on_from_there(monkeypatch, tmp_path):
    """Nothing is written twice when the system took a part and refuses the rest."""
    monkeypatch.setattr(sink, "_is_in_memory", lambda folder: False)
    write, taken = os.write, []

    def take_a_part(descriptor, data):
        import fcntl

        if taken and fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_DIRECT:
            raise OSError(errno.EINVAL, "Invalid argument")
        taken.append(write(descriptor, data[:4096]))
        return taken[-1]

    monkeypatch.setattr(sink.os, "write", take_a_part)
    content = os.urandom(30_000)
    file = HashingFile(tmp_path / "file")
    file.write(content)
    file.close()
    assert len(taken) > 1
    assert file.path.read_bytes() == content
    assert sink.hash_file(file.path) == file.xxh3_128


def test_an_error_of_the_disk_is_raised_and_the_file_closes(way, monkeypatch, tmp_path):
    monkeypatch.setattr(sink, "_BUFFER_BYTES", 4096)

    def full(descriptor, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sink.os, "write", full)
    file = HashingFile(tmp_path / "file")
    with pytest.raises(OSError, match="No space") as caught:
        file.write(bytes(20_000))
        file.close()
    assert caught.value.errno == errno.ENOSPC
    file.abandon()
    assert file.closed


def test_a_folder_in_memory_is_known(tmp_path):
    """Linux mounts /dev/shm there; writing past the cache would only copy twice."""
    if not Path("/dev/shm").is_dir() or not Path("/proc/self/mountinfo").exists():
        pytest.skip("no memory file system here")
    assert sink._is_in_memory(Path("/dev/shm"))
    assert not sink._is_in_memory(Path("/proc"))


def test_abandoned_midway(way, tmp_path):
    file = HashingFile(tmp_path / "file")
    file.write(bytes(50_000_000))
    file.abandon()
    assert file.closed
