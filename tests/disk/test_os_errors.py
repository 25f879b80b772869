"""A missing permission: where the output cannot be written, and where an input cannot be read."""

import errno
from pathlib import Path

import pytest

from spe1_builder.disk.os_errors import translated_os_errors
from spe1_builder.errors import AccessError


@pytest.mark.parametrize("root", ["relative", "absolute", "by a link"])
@pytest.mark.parametrize("place", ["relative", "absolute", "above", "inside"])
def test_the_root_is_an_output_however_it_is_named(tmp_path, monkeypatch, root, place):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to("data")
    where = {
        "relative": "data/spe1",
        "absolute": str(tmp_path / "data/spe1"),
        "by a link": str(tmp_path / "link/spe1"),
    }[root]
    denied = {
        "relative": "data/spe1",
        "absolute": str(tmp_path / "data/spe1"),
        "above": "data",
        "inside": str(tmp_path / "data/spe1/.spe1/c14.lock"),
    }[place]
    with (
        pytest.raises(AccessError, match="output folder cannot be written") as caught,
        translated_os_errors(Path(where)),
    ):
        raise PermissionError(errno.EACCES, "Permission denied", denied)
    assert "--root" in caught.value.do


def test_other_files_are_inputs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AccessError, match="cannot be read"), translated_os_errors(Path("spe1")):
        raise PermissionError(errno.EACCES, "Permission denied", ".raw/Recordings/c14/x.bin")
