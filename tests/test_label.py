"""The audited label against the release's own workbook, in numpy and by an earlier table."""

import csv
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest

import spe1
from spe1_builder.cells import catalogue, get_cell
from spe1_builder.constants import COLUMN_X_UM, N_CHANNELS
from spe1_builder.label import LabelCoordinates, audit_label, electrode_place_um
from spe1_builder.probe import nominal_positions_um
from spe1_builder.source.recording.summary import read_summary
from tests.support.project import PROJECT

DATA = PROJECT / "tests/data"
#: "Hit" in the paper: within 50 um.
HIT_UM = 50.0


@pytest.fixture(scope="module")
def rows() -> dict:
    """The workbook's rows by cell."""
    return {row["Cell"]: row for row in read_summary(DATA / "Data Summary.xlsx").table}


@pytest.fixture(scope="module")
def audits() -> dict:
    return {cell_id: cell.label for cell_id, cell in catalogue().items()}


def _place(row, name):
    return np.array([row[f"{name} {axis}"] for axis in "xyz"], float)


def test_the_catalogue_has_the_coordinates_of_the_workbook(rows):
    assert list(rows) == list(catalogue())
    for cell_id, row in rows.items():
        cell = get_cell(cell_id)
        known = cell.coordinates
        for name, place in (
            ("Probe Insert", known.insertion_um),
            ("Chan", known.electrode_um),
            ("Cell", known.soma_um),
        ):
            assert place == pytest.approx(tuple(_place(row, name)), abs=1e-9)
        assert known.insertion_length_um == row["Probe Insert L"]
        assert (cell.session, cell.chan_predicted) == (row["Session"], row["chan_predicted"])


def test_the_audit_is_what_the_workbook_gives(rows, audits):
    """Recomputed with vectors in numpy."""
    for cell_id, row in rows.items():
        start, chan, soma = (_place(row, name) for name in ("Probe Insert", "Chan", "Cell"))
        depth = np.linalg.norm(chan - start)
        direction = (chan - start) / depth
        audit = audits[cell_id]
        tip = row["Probe Insert L"] - depth
        assert audit.tip_distance_um == pytest.approx(tip, abs=1e-5)
        residual = row["chan_predicted"] + 2 - tip / 10
        assert audit.residual_channels == pytest.approx(residual, abs=1e-5)
        assert audit.residual_um == pytest.approx(10 * residual, abs=1e-4)
        foot = depth - (soma - start) @ direction
        assert audit.soma_foot_offset_um == pytest.approx(foot, abs=1e-5)
        assert np.linalg.norm(chan - soma) == pytest.approx(row["Distance"], abs=1e-6)
        # What is left of the distance is across the probe: Pythagoras.
        assert foot**2 < row["Distance"] ** 2


def test_the_audit_is_that_of_the_earlier_table(audits):
    with (DATA / "label_geometry.csv").open(encoding="utf-8") as file:
        known = {row["cell"]: row for row in csv.DictReader(file)}
    assert list(known) == list(audits)
    for cell_id, row in known.items():
        audit, cell = audits[cell_id], get_cell(cell_id)
        for column, value in (
            ("label_tip_distance_um", audit.tip_distance_um),
            ("chan_minus_rule", audit.residual_channels),
            ("soma_foot_minus_label_um", audit.soma_foot_offset_um),
            ("insertion_length_um", cell.coordinates.insertion_length_um),
            ("distance_um", cell.distance_um),
        ):
            assert value == pytest.approx(float(row[column]), abs=0.0501), (cell_id, column)
        assert (cell.session, audit.channel) == (int(row["session"]), int(row["chan_predicted"]))


def test_two_lines_of_labels(audits):
    """17 cells follow the rule, 26 lie 2 to 8.8 channels lower; two sessions have both."""
    by_rule = defaultdict(list)
    sessions = defaultdict(set)
    for cell_id, audit in audits.items():
        by_rule[audit.rule].append(audit.residual_channels)
        sessions[get_cell(cell_id).session].add(audit.rule)
    assert {rule: len(values) for rule, values in by_rule.items()} == {"tip": 17, "lower": 26}
    assert np.abs(by_rule["tip"]).max() <= 0.5 + 1e-6
    assert min(by_rule["lower"]) == pytest.approx(-8.836) and max(by_rule["lower"]) == -2.0
    assert {session for session, rules in sessions.items() if len(rules) == 2} == {14, 15}


def test_x_was_never_measured_and_y_is_coarse(rows, audits):
    for cell_id, row in rows.items():
        assert row["Chan y"] == row["Probe Insert y"]
        hundredths = audits[cell_id].tip_distance_um / audits[cell_id].step_um
        assert hundredths == pytest.approx(round(hundredths), abs=1e-4)
    steps_um = [audit.step_um for audit in audits.values()]
    assert (min(steps_um), max(steps_um)) == (25.0, 38.0)


def test_the_soma_lies_towards_the_surface(audits):
    offsets_um = {cell_id: audit.soma_foot_offset_um for cell_id, audit in audits.items()}
    below = [cell_id for cell_id, offset_um in offsets_um.items() if offset_um < 0]
    assert below == ["c24"] and offsets_um.pop("c24") == pytest.approx(-8.3, abs=0.05)
    values_um = list(offsets_um.values())
    assert (round(min(values_um)), round(max(values_um))) == (7, 87)
    assert np.median(values_um) == pytest.approx(41, abs=0.1)


@pytest.mark.parametrize(
    ("method", "n_cells", "n_hits", "by_chance"),
    [("COM", 10, 7, 6.75), ("MT", 10, 4, 4.75), ("GC", 9, 6, 5.75)],
)
def test_published_hits_are_those_of_a_random_column(method, n_cells, n_hits, by_chance):
    """The label's x is a remainder of its rule: any of the four columns gives as many hits."""
    hits, expected, in_depth, n_seen = 0, 0.0, 0, 0
    for cell in spe1.scraps():
        for place in cell.published_positions:
            if place.method == method:
                dy_um = place.y_um - cell.label.y_um
                is_hit = [np.hypot(place.x_um - x_um, dy_um) <= HIT_UM for x_um in COLUMN_X_UM]
                hits += is_hit[COLUMN_X_UM.index(cell.label.x_um)]
                expected += np.mean(is_hit)
                in_depth += abs(dy_um) <= HIT_UM
                n_seen += 1
    assert (n_seen, hits, expected, in_depth) == (n_cells, n_hits, by_chance, 7)


def test_the_electrodes_place_is_the_channel_maps():
    places = [electrode_place_um(channel) for channel in range(N_CHANNELS)]
    assert np.array_equal(np.float32(places), nominal_positions_um())


@pytest.mark.parametrize("angle", [0.0, 26.0, 80.0])
def test_a_planted_soma_is_found(angle):
    """A probe at any angle, a soma 40 um above the label and 30 um off."""
    along = np.array([np.sin(np.radians(angle)), 0.0, np.cos(np.radians(angle))])
    across = np.array([along[2], 0.0, -along[0]])
    start = np.array([-2000.0, 2500.0, 2800.0])
    chan = start + 1000.0 * along
    soma = chan - 40.0 * along + 30.0 * across
    places = LabelCoordinates(tuple(start), tuple(chan), tuple(soma), 3000.0)
    audit = audit_label(places, 198)
    assert (audit.rule, audit.residual_um, audit.tip_distance_um) == ("tip", 0.0, 2000.0)
    assert audit.soma_foot_offset_um == pytest.approx(40.0, abs=1e-5)
    assert (audit.y_um, audit.soma_foot_um) == (2000.0, 2040.0)
    assert audit.soma_foot_range_um == pytest.approx((2025.0, 2055.0))
    # Five channels lower: the foot is 50 um lower, or where the coordinates say.
    lower = audit_label(places, 193)
    assert (lower.rule, lower.residual_um) == ("lower", -50.0)
    assert lower.soma_foot_um == pytest.approx(1980.0, abs=1e-5)
    assert lower.soma_foot_range_um == pytest.approx((1965.0, 2055.0))
    assert replace(lower, step_um=0.0).soma_foot_range_um == pytest.approx((1980.0, 2040.0))
