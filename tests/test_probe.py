"""The channel map: the release's positions, or an error that says what is wrong with it."""

import os

import numpy as np
import pytest
import scipy.io
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spe1_builder.errors import MissingFileError, ProbeError, Spe1Error
from spe1_builder.probe import nominal_positions_um, read_positions_um
from spe1_builder.source.simulation.shared_files import chan_map
from tests.support.matlab import nested_cells

NOMINAL_UM = nominal_positions_um().astype(np.float64)
ORDER = np.random.default_rng(0).permutation(384)
SWAPPED = np.r_[0:100, 101, 100, 102:384]
#: What a map may have suffered, and how the error calls it.
WRONG = {
    "it is mirrored in x": [70.0, 0.0] + NOMINAL_UM * [-1, 1],
    "it is mirrored in x.": NOMINAL_UM * [-1, 1],
    "it is mirrored in y": [0.0, 3860.0] + NOMINAL_UM * [1, -1],
    "it is mirrored in x and y": NOMINAL_UM[::-1],
    "it is in mm instead of um": NOMINAL_UM / 1000,
    "it is mirrored in y and in mm instead of um": [0.0, 3.86] + NOMINAL_UM / 1000 * [1, -1],
    "its sites are permuted": NOMINAL_UM[ORDER],
    "its sites are permuted.": NOMINAL_UM[SWAPPED],
    "its sites are permuted, in mm": NOMINAL_UM[ORDER] / 1000,
    "x and y are exchanged": NOMINAL_UM[:, ::-1],
    "it is shifted by (0, -20) um": NOMINAL_UM - [0.0, 20.0],
    "its sites lie elsewhere": NOMINAL_UM * [1.0, 1.25],
}


def _save(path, positions):
    scipy.io.savemat(path, {"xcoords": positions[:, :1], "ycoords": positions[:, 1:]})


@pytest.mark.parametrize("what", WRONG)
def test_another_map_is_refused_by_name(tmp_path, what):
    _save(tmp_path / "chanMap.mat", WRONG[what])
    with pytest.raises(ProbeError) as caught:
        read_positions_um(tmp_path / "chanMap.mat")
    assert caught.value.what == f"The channel map is not that of this probe: {what.rstrip('.')}."
    assert caught.value.expected and caught.value.got and caught.value.do


def test_a_map_that_differs_by_rounding_is_taken(tmp_path):
    _save(tmp_path / "chanMap.mat", NOMINAL_UM + 0.5)
    np.testing.assert_array_equal(read_positions_um(tmp_path / "chanMap.mat"), NOMINAL_UM + 0.5)


def test_hostile_maps_are_refused(tmp_path):
    path = tmp_path / "chanMap.mat"
    path.write_bytes(nested_cells("xcoords", 15_000))
    with pytest.raises(ProbeError, match=r"not one number per channel"):
        read_positions_um(path)
    os.truncate(path, 6_000_000_000)
    with pytest.raises(ProbeError, match="far larger"):
        read_positions_um(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ProbeError, match="no regular file"):
        read_positions_um(path)


@pytest.mark.parametrize("name", ["chanMap (1).mat", "chanmap.mat", "chanMap-001.mat"])
def test_a_renamed_map_is_told(tmp_path, name):
    (tmp_path / name).write_bytes(chan_map())
    with pytest.raises(MissingFileError, match="channel map is missing") as caught:
        read_positions_um(tmp_path / "chanMap.mat")
    assert caught.value.got == f"'{name}'" and f"mv '{name}' 'chanMap.mat'" in caught.value.do


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 10_000), st.binary(min_size=1, max_size=9)), max_size=4),
    st.integers(0, 10_000),
)
def test_mangled_maps_raise_our_errors_only(tmp_path, edits, length):
    path, content = tmp_path / "chanMap.mat", bytearray(chan_map())
    for at, data in edits:
        content[at : at + len(data)] = data
    path.write_bytes(bytes(content[: max(length, 200)]))
    try:
        assert np.abs(read_positions_um(path) - NOMINAL_UM).max() <= 1.0
    except Spe1Error as error:
        assert error.do and error.where
