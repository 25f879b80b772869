"""Options become one plan: what is not asked for is not in it, and every word is today's."""

import pytest

from spe1_builder.benchmark.localization.methods import METHODS
from spe1_builder.benchmark.localization.options import BenchmarkOptions
from spe1_builder.benchmark.localization.plan import make_plan


def test_the_plain_plan():
    plan = make_plan(BenchmarkOptions())
    assert (plan.modes, plan.levels, plan.all_days) == (("corrected",), ("templates",), ())
    assert plan.methods == tuple(METHODS)
    assert plan.contestants == (*METHODS, "peak_channel", "peak_depth")
    # The record has the parameters of both levels, whichever are run.
    assert {level for level, _ in plan.params} == {"templates", "spikes"}


def test_everything():
    plan = make_plan(
        BenchmarkOptions(
            methods=("MT",),
            masking="as-published",
            with_spikes=True,
            degradation=True,
            grid_search=True,
            days=(3, 1),
            grid_days=(1, 2),
        )
    )
    assert plan.modes == ("as_published", "corrected")
    assert plan.levels == ("templates", "spikes")
    assert plan.all_days == (1, 2, 3)
    (mt,) = plan.methods
    assert plan.params_of("spikes")[mt] == METHODS[mt].defaults["spikes"]
    assert len(plan.grids["templates", mt]) == 9
    *grid, (changed, free) = plan.grids["spikes", mt]
    assert len(grid) == 9 and changed == {"enforce_decrease": False}
    assert not free.enforce_decrease and all(params.enforce_decrease for _, params in grid)
    assert {params.max_distance_um for _, params in grid} == {75.0, 150.0, 300.0}


def test_a_method_without_a_grid_is_tried_as_it_is():
    plan = make_plan(BenchmarkOptions(methods=("COM",), grid_search=True))
    defaults = METHODS["center_of_mass"].defaults["templates"]
    assert plan.grids["templates", "center_of_mass"] == (({}, defaults),)


@pytest.mark.parametrize("masking", ["masked", "corrected"])
def test_the_former_word_means_todays(masking):
    options = BenchmarkOptions(masking=masking)
    assert options.masking == make_plan(options).masking == "corrected"
