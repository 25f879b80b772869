"""The catalogue against the release's own table, copied here by hand."""

import csv
from pathlib import Path

import pytest

from spe1_builder import cells
from spe1_builder.errors import OptionError, UnknownCellError
from spe1_builder.source.recording.summary import SUMMARY_COLUMNS


def test_the_43_cells():
    known = cells.catalogue()
    assert list(known) == [f"c{i}" for i in range(1, 47) if i not in (9, 11, 30)]
    assert len(known) == 43
    counts = {}
    for cell in known.values():
        counts[cell.patch_type.release_name] = counts.get(cell.patch_type.release_name, 0) + 1
    assert set(counts) == {"Juxta, VC", "Juxta, IC", "WC, IC"}


def test_facts_of_two_cells():
    c14 = cells.get_cell("c14")
    assert (c14.chan_predicted, c14.chan_highest, c14.n_patch_spikes) == (159, 161, 5428)
    assert c14.patch_type.units == "pA" and c14.patch_type.polarity == -1
    assert c14.jta_peak_to_peak_uV == 84.4
    c5 = cells.get_cell("c5")
    assert c5.patch_type.public_name == "wc-ic" and c5.patch_type.units == "mV"
    assert c5.sets == ("default",)


def test_sets():
    assert len(cells.CELL_SETS["default"]) == 12
    assert len(cells.CELL_SETS["zhao"]) == 11
    assert set(cells.CELL_SETS["default"]) - set(cells.CELL_SETS["zhao"]) == {"c5"}
    # All 11 were recorded juxtacellularly in voltage clamp.
    zhao = [cells.get_cell(cell_id) for cell_id in cells.ZHAO_CELLS]
    assert {cell.patch_type.release_name for cell in zhao} == {"Juxta, VC"}


def test_expand():
    assert cells.expand_cells(["c26", "zhao", "c26"])[:2] == ["c26", "c14"]
    assert len(cells.expand_cells(["default", "zhao", "c1"])) == 13
    with pytest.raises(OptionError):
        cells.expand_cells([])


@pytest.mark.parametrize(
    "names", [["C14", "c26"], ["14", "26"], ["c14,c26"], ["c14, 26", "C14"], ["c014", ",c26,"]]
)
def test_ways_to_name_cells(names):
    assert cells.expand_cells(names) == ["c14", "c26"]


def test_all_and_sets_in_any_case():
    assert cells.expand_cells(["all"]) == list(cells.catalogue())
    assert cells.expand_cells(["ZHAO"]) == list(cells.ZHAO_CELLS)
    assert cells.expand_cells(["All,c14"]) == list(cells.catalogue())


@pytest.mark.parametrize("name", ["c9", "c47", "../x", "c14/", "9", "c1 4", "c\u0661"])
def test_no_such_cell(name):
    with pytest.raises(UnknownCellError, match="spe1 cells") as caught:
        cells.expand_cells([name])
    assert "default, zhao, all" in str(caught.value)


@pytest.mark.parametrize(
    ("typo", "meant"), [("zaho", "zhao"), ("defualt", "default"), ("al", "all"), ("cc14", "c14")]
)
def test_a_typo_gets_the_nearest_name(typo, meant):
    with pytest.raises(UnknownCellError) as caught:
        cells.expand_cells([typo])
    assert f"did you mean {meant}?" in caught.value.do


@pytest.mark.parametrize("names", [[], [""], [" , "]])
def test_no_name_at_all(names):
    with pytest.raises(OptionError, match="No cell was named"):
        cells.expand_cells(names)


def test_csv_has_every_column_of_the_release():
    path = Path(cells.__file__).with_name("cells.csv")
    with path.open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    assert header == list(SUMMARY_COLUMNS.values())
    assert len(header) == 27
