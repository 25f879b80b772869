"""The patch trace and the ground truth: shift, and the side that the spikes point to."""

from pathlib import Path

import numpy as np
import pytest

from spe1_builder.cells import PATCH_TYPES
from spe1_builder.source.recording.detection import median_lag_ms
from spe1_builder.source.recording.patch import GroundTruth, find_ground_truth
from spe1_builder.source.recording.patch_checks import hold_to_patch, opposite_ratio
from spe1_builder.source.recording.raw import RawCell
from spe1_builder.source.simulation.patch import write_patch_trace

RATE_HZ = 50_000.0
SPIKES = np.arange(5_000, 190_000, 4_000) + np.arange(47) % 7
VC = PATCH_TYPES["Juxta, VC"]


def _raw(tmp_path: Path, patch_type, sign: float = 1.0) -> RawCell:
    path = tmp_path / "patch.bin"
    write_patch_trace(path, patch_type, SPIKES, 200_000, RATE_HZ, np.random.default_rng(0))
    (sign * np.fromfile(path)).tofile(path)
    return RawCell("c14", path, path, None, {}, 120_000, 200_000)


@pytest.mark.parametrize("patch_type", PATCH_TYPES.values(), ids=PATCH_TYPES)
@pytest.mark.parametrize("source", ["file", "detect"])
def test_an_inverted_trace_is_found_whatever_the_spikes_are_from(tmp_path, patch_type, source):
    """Although detection then finds as many peaks, or more: the spikes' rebounds."""
    ratios = []
    for sign in (+1.0, -1.0):
        raw = _raw(tmp_path, patch_type, sign)
        given = GroundTruth(SPIKES, raw.npx_sample(SPIKES), "file")
        detected = find_ground_truth(raw, patch_type, "detect")
        found = hold_to_patch(raw, patch_type, given if source == "file" else detected)
        ratios.append(found.opposite_ratio)
    right, inverted = ratios
    assert 0 < right < 0.5
    assert inverted > 2.5
    assert inverted == pytest.approx(1 / right, rel=0.3)


def test_spikes_that_are_elsewhere_do_not_make_a_trace_inverted(tmp_path):
    raw = _raw(tmp_path, VC)
    wrong = SPIKES + 75  # in the rebound of each spike
    found = hold_to_patch(raw, VC, GroundTruth(wrong, raw.npx_sample(wrong), "file"))
    assert found.opposite_ratio < 0.5
    # No list to compare with: these were given, not read from a file.
    assert found.agreement.recall == 0.0 and found.lag_ms == pytest.approx(-1.5, abs=0.03)


def test_without_noise_there_are_the_given_spikes(tmp_path):
    path = tmp_path / "patch.bin"
    trace = np.zeros(200_000)
    few = SPIKES[:3]
    trace[few] = -10.0
    trace.tofile(path)
    raw = RawCell("c14", path, path, None, {}, 120_000, 200_000)
    found = hold_to_patch(raw, VC, GroundTruth(few, raw.npx_sample(few), "file"))
    assert (found.agreement, found.lag_ms) == (None, None)
    assert found.opposite_ratio == 0.0
    assert opposite_ratio(raw, +1, few) > 1e6
    assert opposite_ratio(raw, -1, np.array([3, 199_999])) is None  # no baseline around them
    assert opposite_ratio(raw, -1, np.empty(0, np.int64)) is None


def test_lag_of_a_shifted_train():
    reference_s = np.cumsum(np.random.default_rng(0).uniform(0.06, 0.4, 200))
    assert median_lag_ms(reference_s, reference_s + 0.002) == pytest.approx(2.0)
    assert median_lag_ms(reference_s, reference_s - 0.02) == pytest.approx(-20.0)
    assert median_lag_ms(reference_s, reference_s[::4]) is None  # most have no partner
    assert median_lag_ms(reference_s, np.empty(0)) is None
    assert median_lag_ms(np.empty(0), reference_s) is None
