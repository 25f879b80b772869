"""What is measured is told: each fault gives its warning with its number, and strict refuses."""

import json
from dataclasses import replace

import numpy as np
import pytest

from spe1_builder.dataset.card.card import card_text, read_built_cells
from spe1_builder.dataset.metadata import ConversionMetadata, read_model
from spe1_builder.dataset.warnings import require_no_warning, warnings_of
from spe1_builder.dataset.write.build import build_cell
from spe1_builder.errors import DoubtfulDataError
from spe1_builder.layout import RootLayout
from tests.support.recordings import SMALL


def _build(bench, options=SMALL, **kwargs):
    return build_cell("c14", bench.archive.sources, bench.root, options, **kwargs)


def _warnings(bench, options=SMALL) -> dict:
    return {warning.kind: warning for warning in _build(bench, options).metadata.warnings}


def _invert_patch(bench):
    patch = np.frombuffer(bench.read("c14_patch_ch1.bin"), "<f8")
    bench.replace("c14_patch_ch1.bin", (-patch).tobytes())


def _set_highest(bench, channel):
    def edit(sheet, header):
        column = header.index("chan_highest") + 1
        for row in range(2, sheet.max_row + 1):
            if sheet.cell(row, 1).value == "c14":
                sheet.cell(row, column).value = channel

    bench.edit_summary(edit)


def test_a_good_cell_has_no_warning(built):
    assert built.metadata.warnings == []
    require_no_warning("c14", built.metadata.warnings)


def test_indices_that_are_two_percent_off(bench):
    """As in the sister file that the release withdrew: everything that looks, sees it."""
    bench.save((bench.spikes() * 0.98).astype(np.int64))
    found = _warnings(bench)
    assert {"spike_recall", "spike_precision"} <= set(found)
    agreement = _build(bench).metadata.ground_truth_agreement
    assert found["spike_recall"].value == agreement.recall < 0.2
    assert found["spike_precision"].value == agreement.precision < 0.2
    assert found["spike_recall"].limit == 0.5 and found["spike_recall"].unit == "share"
    assert f"{100 * agreement.recall:.1f} %" in found["spike_recall"].message


def test_indices_of_another_time_make_a_template_of_noise(bench):
    """Several hundred, as real cells have: the mean of 40 pieces of noise is larger."""
    rng = np.random.default_rng(1)
    n_patch = bench.archive.truth.n_patch
    random = np.unique(rng.integers(1000, n_patch - 1000, 400))
    bench.save(random[np.diff(random, prepend=-999) > 60])
    template = _warnings(bench)["weak_template"]
    assert 2.0 < template.value < template.limit == 6.0
    assert template.unit == "standard errors"


def test_a_shift_of_the_list(bench):
    spikes = bench.spikes()
    bench.save(spikes[spikes < bench.archive.truth.n_patch - 200] + 100)  # 2.0 ms
    found = _warnings(bench)
    assert found["spike_offset"].value == pytest.approx(-2.0, abs=0.1)
    assert (found["spike_offset"].limit, found["spike_offset"].unit) == (1.0, "ms")
    assert "inverted_patch" not in found


@pytest.mark.parametrize("source", ["file", "detect"])
def test_an_inverted_trace(bench, source):
    _invert_patch(bench)
    found = _warnings(bench, replace(SMALL, spike_source=source))
    assert found["inverted_patch"].value > 2.5 > found["inverted_patch"].limit


def test_doubled_spikes_are_counted(bench):
    spikes = bench.spikes()
    n_patch = bench.archive.truth.n_patch
    in_window = spikes[(spikes > 0.3 * n_patch) & (spikes < 0.7 * n_patch)][:12]
    bench.save(np.unique([*spikes, *(in_window + 20)]))
    assert len(in_window) == 12
    found = _warnings(bench)
    assert list(found) == ["close_spikes"]
    assert (found["close_spikes"].value, found["close_spikes"].limit) == (12.0, 0.0)
    assert found["close_spikes"].message.startswith("12 spikes")


def test_a_peak_far_from_the_release(bench):
    _set_highest(bench, 167)  # 80 um
    assert _warnings(bench) == {}
    _set_highest(bench, 100)  # 600 um
    far = build_cell("c14", bench.archive.sources, bench.root, SMALL, force=True).metadata
    [warning] = far.warnings
    assert warning.kind == "peak_far_from_release"
    assert warning.value == pytest.approx(600, abs=20) and warning.limit == 150.0


def test_strict_refuses_and_leaves_nothing(bench):
    _set_highest(bench, 100)
    with pytest.raises(DoubtfulDataError, match="strict") as caught:
        _build(bench, strict=True)
    assert "um from channel 100" in caught.value.got and caught.value.do
    assert not (bench.root / "c14").exists()
    # Without it the cell is built; strict then refuses it as it is there, and leaves it.
    result = _build(bench)
    with pytest.raises(DoubtfulDataError):
        _build(bench, strict=True)
    again = _build(bench)
    assert again.status == "up to date"
    # What is written does not depend on it.
    assert again.metadata.provenance.fingerprint == result.metadata.provenance.fingerprint
    _set_highest(bench, 159)
    strict = _build(bench, strict=True, force=True)
    assert strict.metadata.warnings == []


def test_the_card_tells_them(bench, built):
    _set_highest(bench, 100)
    result = _build(bench)
    [line] = warnings_of(result.metadata)
    cells = read_built_cells(RootLayout(bench.root))
    card = card_text(cells)
    assert f"- c14: {line}" in card
    assert f"- c14: {line}" in (bench.root / "README.md").read_text()
    clean = card_text(read_built_cells(RootLayout(built.folder.parent)))
    assert "Warnings" not in clean and "\n\n\n" not in clean


def test_metadata_from_before_warnings_reads(built, tmp_path):
    path = built.folder / "conversion_metadata.json"
    document = json.loads(path.read_text())
    assert document.pop("warnings") == []
    old = tmp_path / path.name
    old.write_text(json.dumps(document))
    assert read_model(old, ConversionMetadata).warnings == []
