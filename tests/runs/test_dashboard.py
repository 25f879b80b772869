"""The dashboard's address: it is the scheduler's machine that has one, not the client's."""

import json
import os
import subprocess
import sys
import time
from importlib.util import find_spec

import pytest

from spe1_builder.runs.clusters.opened import dashboard_of, open_client
from spe1_builder.runs.clusters.spec import ClusterSpec


def bokeh_in(folder):
    """A package of that name, with nothing in it."""
    (folder / "bokeh").mkdir(parents=True)
    (folder / "bokeh/__init__.py").touch()
    return folder


@pytest.fixture
def scheduler(tmp_path):
    """Start one that imports from a folder; its address."""
    started = []

    def start(folder, *args):
        place = tmp_path / "scheduler.json"
        command = [
            *(sys.executable, "-m", "distributed.cli.dask_scheduler"),
            *("--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0"),
            *("--scheduler-file", str(place), *args),
        ]
        env = os.environ | {"PYTHONPATH": str(folder)}
        started.append(subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL))
        until = time.monotonic() + 60
        while not place.exists():
            assert time.monotonic() < until
            time.sleep(0.05)
        return json.loads(place.read_text())["address"]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_a_scheduler_that_draws(scheduler, tmp_path):
    with open_client(ClusterSpec(scheduler(bokeh_in(tmp_path)))) as client:
        port = client.scheduler_info()["services"]["dashboard"]
        assert dashboard_of(client) == f"http://127.0.0.1:{port}/status"


@pytest.mark.skipif(find_spec("bokeh") is not None, reason="the scheduler would have it too")
def test_a_client_that_could(scheduler, tmp_path, monkeypatch):
    address = scheduler(tmp_path)
    monkeypatch.syspath_prepend(bokeh_in(tmp_path / "here"))
    with open_client(ClusterSpec(address)) as client:
        assert find_spec("bokeh") is not None
        assert dashboard_of(client) is None
