"""The two makes of the band-pass's operations give the same bits."""

import numpy as np
import pytest

from spe1_builder.signal.bandpass import operations, plain, vectors
from spe1_builder.signal.bandpass.groups import LANES, N_GROUPS, N_SECTIONS
from spe1_builder.signal.bandpass.preprocess import band_pass

N_SAMPLES = 700


def same_bits(a, b):
    return a.dtype == b.dtype and a.tobytes() == b.tobytes()


def samples(seed, dtype=np.float32, n=N_SAMPLES):
    """(n, N_GROUPS, LANES): normal values of many magnitudes, among them zeros of both signs."""
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 1, (n, N_GROUPS, LANES)) * 10.0 ** rng.integers(-3, 4, (1, N_GROUPS, 1))
    values[::7, :, ::3], values[3::7, :, 1::3] = 0.0, -0.0
    return np.clip(values, -30_000, 30_000).astype(dtype)


@pytest.mark.parametrize("step", [1, -1])
@pytest.mark.parametrize("n", [0, 1, 255, 256, 257, 600])
@pytest.mark.parametrize(("name", "dtype"), [("run_on_counts", "<i2"), ("run_on_values", "<f4")])
def test_filtering(name, dtype, n, step):
    source, band = samples(n, dtype), band_pass()
    first, slot = (5, 40) if step == 1 else (N_SAMPLES - 1, N_SAMPLES - 20)
    found = []
    for make in (vectors, plain):
        # Groups one after the other in memory, and a group more than there is, as in the kernels.
        target = np.full((N_GROUPS + 1, N_SAMPLES, LANES), 7.0, np.float32).transpose(1, 0, 2)
        state = np.random.default_rng(1).normal(0, 9, (N_GROUPS, 2 * N_SECTIONS, LANES))
        run = getattr(make, name)
        run(source, first, target, slot, n, step, 2.34375, band.feedback, state)
        found.append((target, state))
    (target, state), (plain_target, plain_state) = found
    assert same_bits(target, plain_target) and same_bits(state, plain_state)
    written = np.arange(slot, slot + n * step, step)
    assert (np.delete(target, written, axis=0) == 7.0).all() and (target[:, N_GROUPS:] == 7.0).all()
    assert n < 255 or target[written, :N_GROUPS].std() > 1.0


def test_filtering_is_fused():
    """The bits are those of one rounding for each product and sum, in exact arithmetic."""
    from fractions import Fraction

    source, feedback = samples(2, n=3), band_pass().feedback
    target = np.empty((3, N_GROUPS, LANES), np.float32)
    state = np.random.default_rng(1).normal(0, 9, (N_GROUPS, 2 * N_SECTIONS, LANES))
    delays = [float(delay) for delay in state[4, :, 5]]
    plain.run_on_values(source, 0, target, 0, 3, 1, 1.5, feedback, state)
    for t in range(3):
        x = float(source[t, 4, 5]) * 1.5
        for s in range(0, 2 * N_SECTIONS, 2):
            y = x + delays[s]
            first, second = (Fraction(float(feedback[s + i])) * Fraction(y) for i in (0, 1))
            delays[s], delays[s + 1] = (
                float(first + Fraction(delays[s + 1])),
                float(second - Fraction(x)),
            )
            x = y
        assert target[t, 4, 5] == np.float32(x)
    assert state[4, :, 5].tolist() == delays


def test_keys():
    values, keys = samples(3), np.empty((2, N_GROUPS * LANES), np.int32)
    values[4, 3, :4] = np.inf, -np.inf, np.nan, 1e-45
    for at in (0, 4, N_SAMPLES - 1):
        for make, found in zip((vectors, plain), keys, strict=True):
            make.load_keys(values, at, found)
        assert same_bits(keys[0], keys[1])
        row = values[at].ravel()
        ordered = row[np.argsort(keys[0], kind="stable")]
        assert (np.diff(ordered[np.isfinite(ordered)]) >= 0).all()
        assert len(np.unique(keys[0])) > 200


@pytest.mark.parametrize("n", [0, 1, 15, 16, 17, 512])
@pytest.mark.parametrize("n_groups", [N_GROUPS, N_GROUPS + 1])
def test_writing_channels(n, n_groups):
    values = np.concatenate([samples(4), samples(5)], axis=1)[:, :n_groups]
    medians = np.random.default_rng(0).normal(0, 1, N_SAMPLES).astype(np.float32)
    found = []
    for make in (vectors, plain):
        out = np.full((N_GROUPS * LANES, 1_000), 7.0, np.float32)
        make.write_channels(values, n, medians, out[:, :800], 100)
        found.append(out)
    assert same_bits(*found)
    expected = values[:n, :N_GROUPS].reshape(n, N_GROUPS * LANES) - medians[:n, None]
    np.testing.assert_array_equal(found[0][:, 100 : 100 + n], expected.T)
    assert (found[0][:, :100] == 7.0).all() and (found[0][:, 100 + n :] == 7.0).all()


def test_vectors_are_used_where_they_can_be_had():
    assert operations.run_on_counts is vectors.run_on_counts
