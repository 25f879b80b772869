"""Planted sortings, scored as by hand and as SpikeInterface does."""

import warnings

import numpy as np
import pytest

from spe1_builder.benchmark.sorting.score import best_unit, score_sorting
from spe1_builder.reading.sortings.units import SortedUnits

N_SAMPLES, N_TRAIN = 3_000_000, 2_400_000
RNG = np.random.default_rng(3)
TRUTH = np.sort(RNG.choice(N_SAMPLES // 100, 500, replace=False) * 100 + 50).astype(np.int64)
OTHER = np.sort(RNG.choice(N_SAMPLES // 100, 800, replace=False) * 100).astype(np.int64)


def sorting(**units) -> SortedUnits:
    samples = tuple(np.sort(np.asarray(one, dtype=np.int64)) for one in units.values())
    return SortedUnits(tuple(units), samples, "planted")


def scored(others=None, **units):
    return score_sorting(TRUTH, sorting(**units), N_SAMPLES, N_TRAIN, others)


def test_the_neuron_itself():
    score = scored(a=OTHER, b=TRUTH)
    best = score.headline.best
    assert (best.unit_id, best.accuracy, best.precision, best.recall) == ("b", 1.0, 1.0, 1.0)
    assert score.headline.lag_ms == 0.0 and score.chance.is_beyond
    assert score.shape.split_over == 1 and score.shape.others_share == 0.0
    test = score.part("test", 0.4)
    assert test.best.tp == (TRUTH >= N_TRAIN).sum()


def test_an_empty_sorting_is_a_miss():
    score = scored()
    assert score.headline.best.unit_id is None and score.headline.best.accuracy == 0.0
    assert score.headline.best.fn == len(TRUTH)
    assert not score.chance.is_beyond and score.shape.split_over == 0 and score.unlagged is None
    silent = scored(a=[])
    assert silent.headline.best.accuracy == 0.0 and silent.headline.best.precision is None


def test_shifted_by_a_millisecond():
    score = scored(a=TRUTH + 30)
    assert score.part("all", 0.4).best.accuracy == 0.0
    assert score.part("all", 1.0).best.accuracy == 1.0
    assert score.part("all", 1.0).lag_ms == 1.0
    assert score.unlagged.lag_ms == 1.0 and score.unlagged.best.accuracy == 1.0


def test_split_in_two():
    score = scored(a=TRUTH[::2], b=TRUTH[1::2])
    assert score.headline.best.accuracy == 0.5 and score.headline.best.precision == 1.0
    assert score.shape.split_over == 2


def test_a_part_of_less_than_a_tenth_is_none():
    assert scored(a=TRUTH[:-40], b=TRUTH[-40:]).shape.split_over == 1


def test_a_unit_that_fires_all_the_time_has_no_part_in_the_neuron():
    score = scored(a=np.arange(0, N_SAMPLES, 60))
    assert score.headline.best.tp > 0.3 * len(TRUTH)
    assert score.shape.split_over == 0


def test_merged_with_a_neighbour():
    score = scored([OTHER, OTHER[:5] + 40], a=np.concatenate([TRUTH, OTHER]))
    assert score.headline.best.accuracy == pytest.approx(500 / 1300)
    assert score.headline.best.recall == 1.0
    assert score.shape.others_share == pytest.approx(800 / 1300)
    assert score.shape.merged_with == 1
    assert scored(a=np.concatenate([TRUTH, OTHER])).shape.merged_with is None


def test_duplicates_are_false_spikes():
    score = scored(a=np.concatenate([TRUTH, TRUTH[:100], TRUTH[100:150] + 5]))
    assert score.headline.best.tp == 500 and score.headline.best.fp == 150
    assert score.headline.best.accuracy == pytest.approx(500 / 650)
    assert score.shape.n_duplicates == 150


def test_a_neuron_that_does_not_fire():
    score = score_sorting(TRUTH[:0], sorting(a=OTHER), N_SAMPLES, N_TRAIN)
    assert score.headline.best.accuracy is None and score.chance is None
    assert score.headline.best.fp == len(OTHER)


def test_chance_tells_a_match_that_is_none():
    score = scored(a=OTHER, b=np.arange(0, N_SAMPLES, 4000))
    assert not score.chance.is_beyond and score.chance.mean < 0.1
    assert score == scored(a=OTHER, b=np.arange(0, N_SAMPLES, 4000))


def planted():
    kept = TRUTH[RNG.random(len(TRUTH)) < 0.6]
    jittered = kept + RNG.integers(-14, 15, len(kept))
    yield {"a": kept, "b": OTHER}
    yield {"a": np.clip(jittered, 0, None), "b": OTHER, "c": TRUTH[::7]}
    yield {"a": np.concatenate([TRUTH[::3], OTHER]), "b": TRUTH[1::3]}
    yield {"a": np.concatenate([TRUTH, TRUTH[:50]])}
    yield {"a": OTHER}


@pytest.mark.parametrize("units", list(planted()))
@pytest.mark.parametrize("tolerance_ms", [0.4, 1.0])
def test_as_spikeinterface(units, tolerance_ms):
    from spikeinterface.comparison import compare_sorter_to_ground_truth
    from spikeinterface.core import NumpySorting

    ours = scored(**units).part("all", tolerance_ms).best
    truth = NumpySorting.from_unit_dict([{"0": TRUTH}], 30000.0)
    tested = NumpySorting.from_unit_dict([{k: np.sort(v) for k, v in units.items()}], 30000.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compared = compare_sorter_to_ground_truth(
            truth, tested, delta_time=tolerance_ms, match_mode="best", match_score=0.0
        )
        theirs = compared.get_performance().iloc[0]
        agreement = compared.agreement_scores.to_numpy()
    assert ours.accuracy == pytest.approx(float(agreement.max()), abs=1e-9)
    if theirs["accuracy"] > 0:
        assert ours.accuracy == pytest.approx(float(theirs["accuracy"]), abs=1e-9)
        assert ours.precision == pytest.approx(float(theirs["precision"]), abs=1e-9)
        assert ours.recall == pytest.approx(float(theirs["recall"]), abs=1e-9)


def test_spikeinterface_at_the_edge_of_its_default():
    """Its default says 0 where the accuracy is 0.4; ``match_mode="best"`` agrees with us."""
    ours = best_unit(TRUTH, sorting(a=TRUTH[:200]), 12)
    assert ours.accuracy == 0.4
