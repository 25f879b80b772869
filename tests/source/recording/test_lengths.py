"""Lengths of the streams by Data Summary, and recordings that are held to them."""

from dataclasses import replace

import pytest

from spe1_builder.cells import catalogue, get_cell
from spe1_builder.errors import RawDataError
from spe1_builder.lengths import recording_length_min, stream_lengths
from spe1_builder.source.recording.held_lengths import require_lengths
from spe1_builder.source.recording.raw import RawCell
from spe1_builder.source.recording.summary import read_summary
from tests.support.project import PROJECT


@pytest.fixture(scope="module")
def summary():
    """The release's own."""
    return read_summary(PROJECT / "tests/data/Data Summary.xlsx")


def test_the_release_gives_whole_lengths(summary):
    """To 1e-7 of a sample in all 43 cells: the rule is no fit."""
    assert len(summary.table) == 43
    for row in summary.table:
        periods = row["Recording Length (mins)"] / 2.25
        n_patch = periods * 6_753_510
        n_npx = round(n_patch) * 30_000 / row["Patch Samp. Freq. (Hz)"]
        assert n_patch == pytest.approx(round(n_patch), abs=1e-7)
        assert n_npx == pytest.approx(round(n_npx), abs=1e-7)
        lengths = summary.row(row["Cell"]).lengths
        assert (lengths.n_npx, lengths.n_patch) == (round(n_npx), round(n_patch))
        assert lengths == get_cell(row["Cell"]).lengths


def test_c14():
    lengths = get_cell("c14").lengths
    assert (lengths.n_npx, lengths.n_patch) == (32_401_361, 54_028_080)
    assert (lengths.npx_bytes, lengths.patch_bytes) == (32_401_361 * 768, 54_028_080 * 8)


def test_minutes_and_samples_tell_the_same():
    for cell in catalogue().values():
        n_patch = cell.lengths.n_patch
        assert recording_length_min(n_patch) == pytest.approx(cell.recording_length_min, rel=1e-12)
        for near in (n_patch - 1, n_patch, 1, 100):
            again = stream_lengths(recording_length_min(near), cell.patch_rate_hz)
            assert again.n_patch == near


def _raw(n_npx, n_patch):
    return RawCell("c14", PROJECT / "npx.bin", PROJECT / "patch.bin", None, {}, n_npx, n_patch)


def test_the_right_length_passes(summary):
    right = get_cell("c14").lengths
    require_lengths(_raw(right.n_npx, right.n_patch), summary.row("c14"))


@pytest.mark.parametrize(
    ("more_npx", "more_patch", "name", "words"),
    [
        (-1, 0, "npx.bin", "768 too few"),
        (1, 0, "npx.bin", "768 too many"),
        (0, -1, "patch.bin", "8 too few"),
        # Both cut at the same time, which the ratio of the two lengths does not tell.
        (-30_000, -50_024, "npx.bin", "23040000 too few"),
    ],
)
def test_another_length_is_refused(summary, more_npx, more_patch, name, words):
    right = get_cell("c14").lengths
    with pytest.raises(RawDataError, match="not as long as the real recording") as caught:
        require_lengths(
            _raw(right.n_npx + more_npx, right.n_patch + more_patch), summary.row("c14")
        )
    error = caught.value
    assert error.where.endswith(name) and words in error.got and error.do
    expected = right.npx_bytes if name == "npx.bin" else right.patch_bytes
    assert error.expected.startswith(f"{expected} bytes")


def test_what_the_table_lacks_the_catalogue_has(summary):
    row = replace(summary.row("c14"), patch_rate_hz=None, recording_length_min=None)
    assert row.lengths == get_cell("c14").lengths
