"""Raw files that were renamed on their way: told which, and what to do; never taken for missing."""

import os

import pytest

from spe1_builder.errors import MissingFileError, RawDataError
from spe1_builder.layout import RAW_SUFFIXES
from spe1_builder.source.recording.files import find_files


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "raw" / "Recordings" / "c26"
    folder.mkdir(parents=True)
    for suffix in RAW_SUFFIXES.values():
        (folder / f"c26_{suffix}").touch()
    return folder


def test_every_file_is_found(folder):
    assert find_files(folder, "c26") == {
        kind: folder / f"c26_{suffix}" for kind, suffix in RAW_SUFFIXES.items()
    }


@pytest.mark.parametrize("kind", ["npx_raw", "patch", "spikes", "meta"])
@pytest.mark.parametrize("change", ["{0}-001{1}", "{0} (1){1}", "{0}{1}.zip", "{0}.zip.001"])
def test_a_renamed_file_is_told(folder, kind, change):
    """Without that, a list of spikes would silently mean detection, and lengths go unchecked."""
    right = folder / f"c26_{RAW_SUFFIXES[kind]}"
    wrong = right.rename(folder / change.format(right.stem, right.suffix))
    with pytest.raises(MissingFileError, match="is there under another name") as caught:
        find_files(folder, "c26")
    error = caught.value
    assert (error.where, error.expected, error.got) == (str(wrong), right.name, wrong.name)
    assert right.name in error.do and "download" not in error.do
    assert ("rename it: mv" in error.do) == (wrong.suffix not in {".zip", ".001"})


@pytest.mark.parametrize("kind", ["spikes", "meta"])
def test_an_optional_file_under_any_name_of_its_own_is_told(folder, kind):
    path = folder / f"c26_{RAW_SUFFIXES[kind]}"
    aside = path.rename(folder / f"{path.stem}_old{path.suffix}.bak")
    with pytest.raises(MissingFileError, match="under another name") as caught:
        find_files(folder, "c26")
    assert "move it out of the folder to build without it" in caught.value.do
    aside.unlink()
    assert kind not in find_files(folder, "c26")


def test_a_copy_beside_the_file_does_not_matter(folder):
    (folder / "c26_npx_raw (1).bin").touch()
    (folder / "c26_wc_spike_samples-001.npy").touch()
    assert find_files(folder, "c26")["npx_raw"] == folder / "c26_npx_raw.bin"


def test_a_renamed_folder_is_told(folder):
    folder.rename(folder.with_name("c26-001"))
    with pytest.raises(MissingFileError, match="under another name") as caught:
        find_files(folder, "c26")
    assert "mv 'c26-001' 'c26'" in caught.value.do


def test_what_is_missing_is_still_missing(folder):
    (folder / "c26_npx_raw.bin").unlink()
    with pytest.raises(MissingFileError, match="Neuropixels recording of c26 is missing") as caught:
        find_files(folder, "c26")
    assert "spe1 download c26" in caught.value.do


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_a_raw_file_that_is_none(folder, make):
    path = folder / "c26_patch_ch1.bin"
    path.unlink()
    make(path)
    with pytest.raises(RawDataError, match="no regular file"):
        find_files(folder, "c26")
