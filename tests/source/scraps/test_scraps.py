"""The packaged parts of the real recordings against the release, and what their README says."""

import re
from typing import get_args

import numpy as np
import pytest

import spe1
from spe1_builder.cells import ZHAO_CELLS, catalogue
from spe1_builder.constants import REFERENCE_CHANNELS
from spe1_builder.errors import OptionError, UnknownCellError
from spe1_builder.packaged import packaged_bytes, packaged_text
from spe1_builder.probe import nominal_positions_um
from spe1_builder.source.scraps.model import N_BEFORE, FaultKind

#: Spikes within 1 ms of another, as counted on the files of the release.
DOUBLED = {"c44": 44, "c19": 25, "c24": 18, "c14": 8, "c12": 2}
DOUBLED |= dict.fromkeys(["c18", "c26", "c42", "c45"], 1)
#: What the wheel may grow by.
MOST_BYTES = 1_000_000


@pytest.fixture(scope="module")
def scraps():
    return spe1.scraps()


def test_the_21_cells_with_a_waveform(scraps):
    ids = [cell.cell_id for cell in scraps]
    assert len(scraps) == len(set(ids)) == 21
    assert ids == [cell_id for cell_id in catalogue() if cell_id in set(ids)]
    assert set(ZHAO_CELLS) < set(ids)
    assert scraps.origin == "digitised" and scraps.license == "cc-by-sa-4.0"
    assert "10.1101/370080" in scraps.citation and "10.1371/journal.pcbi" in scraps.paper


def test_templates_are_what_the_release_draws(scraps):
    """The middle row is the release's highest channel, and has its amplitude, to the scale."""
    for cell in scraps:
        assert cell.template_uV.shape == (25, 121) and cell.template_uV.dtype == np.float32
        assert np.isfinite(cell.template_uV).all()
        assert cell.peak_channel == cell.channels[12] == cell.cell.chan_highest
        assert 0.99 < cell.peak_to_peak_uV / cell.cell.jta_peak_to_peak_uV < 1.38
        assert -0.51 < cell.trough_ms < 0.48
        # Amplitudes that the authors drew as 10 uV or more are so here, within the scale.
        size_uV = np.ptp(cell.template_uV, axis=1)
        assert size_uV[cell.is_drawn_large].min() > 10 * 0.9
        assert size_uV[~cell.is_drawn_large].max() < 10 * 1.4
    late = [cell.cell_id for cell in scraps if cell.trough_ms <= -0.4 + 1e-9]
    assert late == ["c24", "c27", "c42"]  # where grid convolution fails


def test_rows_are_one_site_per_20_um(scraps):
    for cell in scraps:
        assert cell.positions_um.dtype == np.float32
        assert np.array_equal(cell.positions_um, nominal_positions_um()[cell.channels])
        assert np.array_equal(np.diff(cell.positions_um[:, 1]), np.full(24, -20.0))
        assert len(set(cell.positions_um[:, 0])) == 2


def test_trains_are_those_of_the_release(scraps):
    for cell in scraps:
        assert cell.spike_samples.dtype == np.int64
        assert len(cell.spike_samples) == cell.cell.n_patch_spikes
        assert (np.diff(cell.spike_samples) > 0).all()
        assert cell.spike_samples[0] >= 0 and cell.spike_samples[-1] < cell.cell.lengths.n_npx
        assert int(cell.is_doubled.sum()) == DOUBLED.get(cell.cell_id, 0)


def test_a_train_without_what_stands_there_twice(scraps):
    c19 = scraps["c19"]
    once = c19.train()
    assert len(once) == 5724 - 25 and np.diff(once).min() >= 30
    assert np.array_equal(c19.train(with_doubled=True), c19.spike_samples)
    assert set(c19.spike_samples) - set(once) == set(c19.spike_samples[c19.is_doubled])


def test_only_the_train_of_c44_drifts(scraps):
    """A train that goes on to the end of the recording cannot be 2 % short."""
    share = {c.cell_id: c.spike_samples[-1] / c.cell.lengths.n_npx for c in scraps}
    assert share.pop("c44") == pytest.approx(0.976, abs=5e-4)
    assert min(share.values()) > 0.99
    assert [cell.cell_id for cell in scraps if cell.has_bad_train] == ["c44"]
    with pytest.raises(OptionError, match="does not fit its recording") as caught:
        scraps["c44"].train()
    assert "0.976" in str(caught.value) and len(scraps["c44"].spike_samples) == 2448


def test_two_largest_rows_are_blips(scraps):
    for cell_id in ("c16", "c18"):
        size_uV = np.ptp(scraps[cell_id].template_uV, axis=1)
        assert max(size_uV[11], size_uV[13]) <= 0.55 * size_uV[12]
        assert size_uV[:5].max() > 1.5 * size_uV[15:].max()
    c18 = scraps["c18"]
    assert c18.channels[np.ptp(c18.template_uV[:6], axis=1).argmax()] // 2 == c18.label.channel // 2


def test_published_positions(scraps):
    """Ten cells of the paper; grid convolution has no place for c24; they lie on the probe."""
    found = {cell.cell_id: cell.published_positions for cell in scraps if cell.published_positions}
    assert set(found) == set(ZHAO_CELLS) - {"c15"}
    for cell_id, places in found.items():
        methods = ["COM", "MT"] if cell_id == "c24" else ["COM", "MT", "GC"]
        assert [place.method for place in places] == methods
        if cell_id != "c16":  # whose dot may be another cell's
            y_um = scraps[cell_id].positions_um[scraps[cell_id].peak_index, 1]
            assert all(abs(place.y_um - y_um) < 25 for place in places)


@pytest.mark.parametrize(("method", "told_um"), [("COM", 1.3), ("MT", 1.0), ("GC", 3.5)])
def test_templates_are_localized_where_the_paper_has_them(scraps, method, told_um):
    """Made from the recordings by others: the digitised templates have the depths of these."""
    off_um = []
    for cell in scraps:
        is_good = ~np.isin(cell.channels, REFERENCE_CHANNELS)
        for place in cell.published_positions:
            if place.method == method and cell.cell_id != "c16":
                found = spe1.localize(
                    method,
                    cell.template_uV.T[None, :, is_good],
                    cell.positions_um[is_good],
                    n_before=scraps.n_before,
                )
                off_um.append(abs(found.xy_um[0, 1] - place.y_um))
    assert len(off_um) == (8 if method == "GC" else 9)
    assert np.median(off_um) == pytest.approx(told_um, abs=0.1)


def test_faults(scraps):
    kinds = {c.cell_id: {fault.kind for fault in c.faults} for c in scraps}
    assert set.union(*kinds.values()) == set(get_args(FaultKind))
    assert {i for i in kinds if "doubled_spikes" in kinds[i]} == set(DOUBLED)
    assert {i for i in kinds if "amplitude_scale" in kinds[i]} == {"c4", "c12", "c15", "c29"}
    assert {i for i in kinds if "local_peak" in kinds[i]} == {"c16", "c18"}
    assert kinds["c28"] == set()


def test_the_readme_says_what_is_there(scraps):
    text = scraps.provenance
    assert text == packaged_text("source/scraps/README.md")
    assert f"({sum(len(c.spike_samples) for c in scraps)},)" in text
    assert f"sample {N_BEFORE}" in text
    # Every count of doubled spikes that stands there.
    told = {cell_id: int(n) for cell_id, n in re.findall(r"(c\d+) (\d+)[,;]", text)}
    assert told == {cell_id: n for cell_id, n in DOUBLED.items() if n > 1}
    ratios = dict(re.findall(r"(c\d+) (\d\.\d\d)", text))
    for cell_id, ratio in ratios.items():
        cell = scraps[cell_id]
        measured = cell.peak_to_peak_uV / cell.cell.jta_peak_to_peak_uV
        assert measured == pytest.approx(float(ratio), abs=0.006)
    assert len(ratios) == 4
    licence = packaged_text("source/scraps/LICENSE")
    assert "CC-BY-SA-4.0" in licence and "10.1101/370080" in licence


def test_nobody_can_change_them(scraps):
    cell = scraps["c14"]
    for array in (cell.template_uV, cell.channels, cell.positions_um, cell.spike_samples):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    assert spe1.scraps()["c14"] is cell


@pytest.mark.parametrize("name", ["c1", "c9"])
def test_other_cells(scraps, name):
    with pytest.raises(UnknownCellError) as caught:
        scraps[name]
    assert caught.value.do


def test_they_are_small():
    folder = "source/scraps"
    names = ("scraps.npz", "faults.csv", "published_positions.csv", "README.md", "LICENSE")
    assert sum(len(packaged_bytes(f"{folder}/{name}")) for name in names) < MOST_BYTES
