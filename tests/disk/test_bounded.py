"""Files that are no small files: told at once, by kind and size, before anything is read."""

import os
import socket
from pathlib import Path

import pytest

from spe1_builder.disk.bounded import read_bounded
from spe1_builder.errors import MissingFileError, ProbeError, RawDataError


def test_a_file_up_to_the_limit_is_read(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"12345678")
    assert read_bounded(path, 8, "The file") == b"12345678"
    (tmp_path / "link").symlink_to(path)
    assert read_bounded(tmp_path / "link", 8, "The file") == b"12345678"
    with pytest.raises(RawDataError, match="far larger") as caught:
        read_bounded(path, 7, "The file")
    assert (caught.value.expected, caught.value.got) == ("at most 7 bytes", "8 bytes")


def test_a_sparse_file_is_not_read(tmp_path):
    path = tmp_path / "sparse"
    path.touch()
    os.truncate(path, 6_000_000_000)
    with pytest.raises(ProbeError, match="far larger"):
        read_bounded(path, 1_000_000, "The channel map", error=ProbeError)


def test_pipes_folders_and_sockets_are_told(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        for name, got in (("pipe", "a pipe"), ("folder", "a folder"), ("socket", "a socket")):
            with pytest.raises(RawDataError, match="no regular file") as caught:
                read_bounded(tmp_path / name, 100, "The file")
            assert caught.value.got == got
    with pytest.raises(RawDataError) as caught:
        read_bounded(Path(os.devnull), 100, "The file")
    assert caught.value.got == "a device"


def test_a_pipe_put_in_a_files_place_does_not_block(tmp_path, monkeypatch):
    """Between the look and the opening: the opened file is looked at again."""
    path, real_open = tmp_path / "file", os.open
    path.write_bytes(b"x")

    def swap(name, flags):
        path.unlink()
        os.mkfifo(path)
        return real_open(name, flags)

    monkeypatch.setattr(os, "open", swap)
    with pytest.raises(RawDataError, match="no regular file"):
        read_bounded(path, 100, "The file")


def test_missing(tmp_path):
    with pytest.raises(MissingFileError, match="The file is missing") as caught:
        read_bounded(tmp_path / "no", 100, "The file", do="fetch it")
    assert caught.value.do == "fetch it"
