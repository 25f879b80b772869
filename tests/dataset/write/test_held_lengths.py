"""A build holds a real cell to the summary, a simulated one to nothing; ``verify`` does, too."""

import pytest

from spe1_builder.dataset.write.build import build_cell
from spe1_builder.errors import RawDataError
from spe1_builder.layout import METADATA_NAME
from tests.support.recordings import SMALL
from tests.support.verify import edit_metadata, found


def cut_both(bench, n_ms: int) -> None:
    """Both streams end earlier by the same time, without the description that would tell."""
    (bench.cell / "c14_expt_meta.csv").unlink()
    truth = bench.archive.truth
    n_npx = truth.n_npx - 30 * n_ms
    n_patch = round(n_npx * truth.n_patch / truth.n_npx)
    bench.replace("c14_npx_raw.bin", bench.read("c14_npx_raw.bin")[: n_npx * 768])
    bench.replace("c14_patch_ch1.bin", bench.read("c14_patch_ch1.bin")[: n_patch * 8])


def test_a_real_recording_that_is_short_is_refused(bench):
    (bench.archive.raw_dir / "truth/c14.json").unlink()
    cut_both(bench, 1)
    error = bench.fails(RawDataError, "not as long as the real recording")
    assert f"{30 * 768} too few" in error.got and "bytes" in error.expected


def test_a_real_recording_of_the_right_length_is_built_and_verified(bench):
    (bench.archive.raw_dir / "truth/c14.json").unlink()
    folder = build_cell("c14", bench.archive.sources, bench.root, SMALL).folder
    assert found(folder) == []

    def shorten(document):
        (npx,) = [file for file in document["provenance"]["raw_files"] if file["role"] == "npx_raw"]
        npx["size"] -= 768

    edit_metadata(folder, shorten)
    told = {fact for where, fact in found(folder) if where == METADATA_NAME}
    assert told == {
        "bytes of the raw npx_raw by the summary",
        "fingerprint of raw files, options and version",
    }


@pytest.fixture
def longer(bench):
    """A summary that tells of a recording that is a minute longer."""

    def edit(sheet, header):
        column = header.index("Recording Length (mins)") + 1
        for row in range(2, sheet.max_row + 1):
            if sheet.cell(row, header.index("Cell") + 1).value == "c14":
                sheet.cell(row, column).value += 1.0

    bench.edit_summary(edit)
    return bench


def test_a_simulated_recording_has_any_length(longer):
    folder = build_cell("c14", longer.archive.sources, longer.root, SMALL).folder
    assert found(folder) == []


def test_a_real_one_does_not(longer):
    (longer.archive.raw_dir / "truth/c14.json").unlink()
    longer.fails(RawDataError, "not as long as the real recording")
