"""Recordings whose bytes are no counts of this probe: each its own error, and good ones pass."""

from dataclasses import replace

import numpy as np
import pytest

from spe1_builder.constants import REFERENCE_CHANNELS
from spe1_builder.errors import RawDataError
from spe1_builder.source.recording.content import check_content
from spe1_builder.source.recording.raw import RawCell
from spe1_builder.source.simulation.archive import SimulationOptions, simulate_cell
from tests.support.recordings import SIMULATION

#: Not a multiple of 384, nor of a piece's length.
N_SAMPLES = 20_123


@pytest.fixture(scope="module")
def counts() -> np.ndarray:
    """Noise that channels share, noise of their own, an offset each; reference sites quieter."""
    rng = np.random.default_rng(0)
    common = rng.normal(0, 3, (N_SAMPLES, 1))
    own = rng.normal(0, rng.uniform(3.0, 6.0, 384), (N_SAMPLES, 384))
    own[:, REFERENCE_CHANNELS] *= 0.7
    return np.rint(common + own + rng.integers(-5, 6, 384)).astype("<i2")


@pytest.fixture
def check(tmp_path):
    """Write counts as they are and look at them."""

    def run(values: np.ndarray) -> None:
        path = tmp_path / "c14_npx_raw.bin"
        path.write_bytes(np.ascontiguousarray(values.astype("<i2", copy=False)).tobytes())
        n_npx = values.size // 384
        check_content(RawCell("c14", path, path, None, {}, n_npx, n_npx))

    return run


def _with(counts, change):
    changed = counts.copy()
    change(changed)
    return changed


def _hole(values):
    values[N_SAMPLES // 2 :] = 0


def _not_recorded(values):
    values[:, 192:] = 7


def _one_beyond(values):
    values[3, 5] = 1024


DAMAGE = {
    "channel-major": (lambda x: x.T, "channel-major"),
    "byte-swapped": (lambda x: x.byteswap(), "bytes are in the wrong order"),
    "times the gain": (lambda x: np.rint(x * 2.34375), "have been multiplied"),
    "times the gain, cut off": (lambda x: np.trunc(x * 2.34375), "have been multiplied"),
    "times two": (lambda x: x * 2, "have been multiplied"),
    "times ten": (lambda x: x * 100, "10 bits cannot"),
    "one value": (lambda x: _with(x, _one_beyond), "10 bits cannot"),
    "clipped": (lambda x: np.clip(x, -9, 9), "clipped"),
    "clipped above": (lambda x: np.minimum(x, 8), "clipped"),
    "half of the channels": (lambda x: _with(x, _not_recorded), "Many channels"),
    "a hole": (lambda x: _with(x, _hole), "holds no data"),
    "all zero": (lambda x: x * 0, "holds no data"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_implausible_recordings_are_refused(counts, check, name):
    change, match = DAMAGE[name]
    with pytest.raises(RawDataError, match=match) as caught:
        check(change(counts))
    error = caught.value
    assert error.where.endswith("c14_npx_raw.bin") and error.expected and error.got and error.do


@pytest.mark.parametrize("n_samples", [60, 300, 5000, 384 * 30, N_SAMPLES])
def test_good_recordings_of_every_length_pass(counts, check, n_samples):
    check(counts[:n_samples])


def test_single_broken_channels_are_no_fault_of_the_file(counts, check):
    def break_some(values):
        values[:, list(REFERENCE_CHANNELS)] = 0
        values[:, 200] = np.clip(values[:, 200], -3, 3)  # saturated
        values[:, 100] = 1023

    check(_with(counts, break_some))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"slow_potential_uV": 0.0},
        {"common_noise_uV": 0.0},
        {"common_noise_uV": 0.0, "local_noise_uV": 0.0, "slow_potential_uV": 0.0},
        {"independent_noise_uV": 0.0},
        {"peak_to_peak_uV": 1000.0, "n_background": 0},
        # As many samples as make a channel's values lie one recording apart.
        {"duration_s": 384 * 30 / 30_000},
    ],
    ids=str,
)
def test_simulated_recordings_pass(tmp_path, options):
    truth = simulate_cell(tmp_path, "c14", replace(SimulationOptions(duration_s=0.5), **options))
    path = tmp_path / "Recordings/c14/c14_npx_raw.bin"
    check_content(RawCell("c14", path, path, None, {}, truth.n_npx, truth.n_patch))


def test_a_simulated_recording_that_is_channel_major_is_refused(archive, check):
    """With slow potentials, which make what lies 384 values further alike in both orders."""
    assert SIMULATION.slow_potential_uV > 0
    with pytest.raises(RawDataError, match="channel-major"):
        check(archive.counts().T)
