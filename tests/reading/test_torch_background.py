"""Background windows of `spe1.torch.SpikeWindows`: none near a spike."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import spe1
from spe1_builder.errors import OptionError
from spe1_builder.reading.torch import SpikeWindows
from spe1_builder.reading.torch.background import FreeStarts


def test_how_much_background(two_cells):
    def counts(**kwargs):
        (cell,) = SpikeWindows("c14", two_cells, **kwargs).cells
        return cell.n_background / cell.n_spikes, cell.n_background

    assert counts(background_ratio=2.0)[0] == 2.0
    assert counts(background_ratio=0)[1] == 0
    assert counts(n_background=7, background_ratio=3.0)[1] == 7
    only = SpikeWindows("c14", two_cells, background_ratio=0)
    assert set(only.labels.tolist()) == {1}


def is_near(start: int, n_samples: int, margin: int, spikes) -> bool:
    return any(start - margin <= spike < start + n_samples + margin for spike in spikes)


@settings(max_examples=200)
@given(
    spikes=st.sets(st.integers(0, 299), max_size=12),
    cut=st.integers(1, 299),
    n_samples=st.integers(1, 60),
    margin=st.integers(0, 40),
    chosen=st.sampled_from([(0,), (1,), (0, 1)]),
    seed=st.integers(0, 5),
)
def test_free_places_are_all_that_are_free(spikes, cut, n_samples, margin, chosen, seed):
    """Against every place of a short recording, tried one by one."""
    spans = [[(0, cut), (cut, 300)][i] for i in chosen]
    unknown = {-1, 300}  # beyond the ends there may be a spike
    expected = [
        start
        for first, last in spans
        for start in range(first, last - n_samples + 1)
        if not is_near(start, n_samples, margin, spikes | unknown)
    ]
    free = FreeStarts(np.array(sorted(spikes), dtype=np.int64), 300, spans, n_samples, margin)
    assert len(free) == len(expected)
    drawn = free.draw(len(free), np.random.default_rng(seed))
    assert sorted(drawn.tolist()) == expected


@settings(max_examples=40, deadline=None)
@given(
    n_samples=st.integers(1, 900),
    margin_ms=st.floats(0, 20),
    n_background=st.integers(0, 40),
    split=st.sampled_from(["train", "test", None]),
    seed=st.integers(0, 2**40),
    place=st.floats(0, 1),
)
def test_no_background_near_a_spike(
    two_cells, n_samples, margin_ms, n_background, split, seed, place
):
    options = {"n_samples": n_samples, "margin_ms": margin_ms, "n_background": n_background}
    samples = spe1.spikes(two_cells, "c14")["sample"].to_pylist()
    spike_at = int(place * (n_samples - 1))
    try:
        windows = SpikeWindows(
            "c14", two_cells, split=split, seed=seed, spike_at=spike_at, channels=[3], **options
        )
    except OptionError as error:
        assert "no room for so much background" in error.what or "no window" in error.what
        return
    starts = windows.starts[windows.labels == 0]
    assert len(starts) == n_background == len(set(starts.tolist()))
    for start in starts:
        assert not is_near(start, n_samples, margin_ms * 30, samples)
        assert windows[int(np.flatnonzero(windows.starts == start)[0])].window_uV.shape[1] == (
            n_samples
        )
