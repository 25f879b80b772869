"""What is recorded of the raw files is what was read of them."""

import hashlib
import json
import os
import shutil
from dataclasses import replace

import pytest

from spe1_builder.dataset.write import build as build_module
from spe1_builder.dataset.write.build import build_cell
from spe1_builder.errors import MissingFileError, RawDataError, StaleOutputError
from tests.support.recordings import SMALL


@pytest.fixture
def built_copy(copied_archive, built, tmp_path):
    """The small cell in a root of its own, up to date with an archive that may be damaged."""
    root = tmp_path / "spe1"
    shutil.copytree(built.folder.parent, root)
    (root / ".spe1/c14.hashes.json").unlink(missing_ok=True)
    build_cell("c14", copied_archive.sources, root, SMALL)
    return copied_archive, root


def overwrite(path) -> None:
    """Other samples in a recording, its size and its time of change as before."""
    stat = path.stat()
    data = bytearray(path.read_bytes())
    path.unlink()  # the archive's files are links to shared ones
    data[1000:1002] = b"\x05\x00"
    path.write_bytes(data)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


@pytest.mark.parametrize("is_in_place", [False, True])
def test_a_recording_overwritten_with_its_time_set_back_is_another(built_copy, is_in_place):
    archive, root = built_copy
    archive.forget_truth()
    path = archive.raw_dir / "Recordings/c14/c14_npx_raw.bin"
    if is_in_place:
        data = path.read_bytes()
        path.unlink()
        path.write_bytes(data)
        build_cell("c14", archive.sources, root, SMALL)  # its state is known now
        stat = path.stat()
        with path.open("r+b") as file:
            file.seek(1000)
            file.write(b"\x05\x00")
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    else:
        overwrite(path)
    with pytest.raises(StaleOutputError, match="another content"):
        build_cell("c14", archive.sources, root, SMALL)
    forced = build_cell("c14", archive.sources, root, SMALL, force=True)
    recorded = {file.role: file.sha256 for file in forced.metadata.provenance.raw_files}
    assert recorded["npx_raw"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_digit_changed_in_the_known_hashes_is_not_recorded(built_copy):
    archive, root = built_copy
    cache = root / ".spe1/c14.hashes.json"
    text = cache.read_text()
    right = json.loads(json.loads(text)["known"])
    digit = next(iter(right.values()))["sha256"][:8]
    cache.write_text(text.replace(digit, "00000000"))
    assert build_cell("c14", archive.sources, root, SMALL).status == "up to date"
    assert str(root) not in cache.read_text() and str(archive.raw_dir) not in cache.read_text()


def test_a_raw_file_that_changes_during_the_build(built_copy, monkeypatch):
    archive, root = built_copy
    path = archive.raw_dir / "Recordings/c14/c14_patch_ch1.bin"
    real_fill = build_module.fill_cell

    def fill(*args, **kwargs):
        real_fill(*args, **kwargs)
        overwrite(path)

    monkeypatch.setattr(build_module, "fill_cell", fill)
    options = replace(SMALL, ms_after=3.0)
    with pytest.raises(RawDataError, match="changed while the cell was built") as caught:
        build_cell("c14", archive.sources, root, options, force=True)
    assert "c14_patch_ch1.bin" in str(caught.value)
    assert not (root / ".spe1/staging/c14").exists()


def test_a_raw_folder_that_is_not_there_is_told_as_that(tmp_path):
    import spe1

    with pytest.raises(MissingFileError, match="raw folder does not exist"):
        spe1.build("c14", raw_dir=tmp_path / "nowhere", root=tmp_path / "spe1")
