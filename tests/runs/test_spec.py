"""Names of clusters, without Dask."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spe1_builder.errors import OptionError
from spe1_builder.runs.clusters.spec import BATCH_SYSTEMS, ClusterSpec


@pytest.mark.parametrize(
    "name", ["tcp://10.0.0.1:8786", "tls://node-1:8786", "node:8786", "local:1", *BATCH_SYSTEMS]
)
def test_known_names(name):
    assert ClusterSpec(name).name == name


@pytest.mark.parametrize("name", ["", "local", "local:0", "local:-1", "local:x", "condor", "node"])
def test_unknown_names(name):
    with pytest.raises(OptionError, match="cluster cannot be"):
        ClusterSpec(name)


@given(st.text())
def test_any_name_is_a_cluster_or_an_error(name):
    try:
        spec = ClusterSpec(name)
    except OptionError:
        return
    assert spec.n_local >= 1 or spec.batch_class or ":" in name


@pytest.mark.parametrize("option", [{"workers": 2}, {"memory": "8GB"}, {"walltime": "1:00"}])
def test_options_of_a_batch_system_need_one(option):
    assert ClusterSpec("slurm", **option).batch_class == "SLURMCluster"
    with pytest.raises(OptionError, match="cannot be"):
        ClusterSpec("local:2", **option)
    with pytest.raises(OptionError):
        ClusterSpec("slurm", cores=0)


def test_a_time_that_lsf_would_refuse():
    assert ClusterSpec("lsf", walltime="02:00").walltime == "02:00"
    assert ClusterSpec("lsf", walltime="90").walltime == "90"
    with pytest.raises(OptionError, match="walltime cannot be") as caught:
        ClusterSpec("lsf", walltime="02:00:00")
    assert "hours and minutes" in caught.value.expected
