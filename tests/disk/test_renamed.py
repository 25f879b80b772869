"""Names as browsers, Google Drive and archivers leave them."""

import pytest

from spe1_builder.disk.renamed import find_renamed

NAMES = ("c26_npx_raw.bin", "npx_raw.bin")
LEFT = {
    "c26_npx_raw-001.bin": "whole",
    "c26_npx_raw (1).bin": "whole",
    "c26_npx_raw(2).bin": "whole",
    "c26_npx_raw.bin (1)": "whole",
    "c26_npx_raw - Copy.bin": "whole",
    "c26_npx_raw copy 2.bin": "whole",
    "Copy of c26_npx_raw.bin": "whole",
    "c26 npx raw.bin": "whole",
    "C26_NPX_RAW.BIN": "whole",
    "c26_npx_raw.bin.txt": "whole",
    "c26_npx_raw": "whole",
    "npx_raw-001.bin": "whole",
    "c26_npx_raw.bin.zip": "packed",
    "c26_npx_raw-001.zip": "packed",
    "c26_npx_raw-20240131T101112Z-001.zip": "packed",
    "c26_npx_raw.bin.tar.gz": "packed",
    "c26_npx_raw.zip.001": "piece",
    "c26_npx_raw.bin.002": "piece",
    "c26_npx_raw.z01": "piece",
    "c26_npx_raw.bin.crdownload": "unfinished",
    "c26_npx_raw (1).bin.part": "unfinished",
}
#: Another file, another cell's, or one that somebody named himself.
OTHERS = ["c26_npx_sync.bin", "c27_npx_raw-001.bin", "old_npx_raw.bin", "notes.txt", ".c26_npx_raw"]


@pytest.mark.parametrize("name", LEFT)
def test_a_renamed_file_is_recognised(tmp_path, name):
    (tmp_path / name).touch()
    [found] = find_renamed(tmp_path, NAMES)
    assert (found.path.name, found.name, found.state) == (name, NAMES[0], LEFT[name])
    assert name in found.remedy or found.state == "piece"
    assert NAMES[0] in found.remedy


@pytest.mark.parametrize("name", [*OTHERS, *NAMES])
def test_others_are_not(tmp_path, name):
    (tmp_path / name).touch()
    assert find_renamed(tmp_path, NAMES) == []


def test_without_a_folder_there_is_none(tmp_path):
    assert find_renamed(tmp_path / "no", NAMES) == []
