"""Encrypted clusters: certificates of the test's own, a scheduler and a worker as processes."""

import json
import os
import shutil
import subprocess
import sys
import time

import dask
import distributed  # noqa: F401  # its configuration comes with it
import pytest

from spe1_builder.errors import ClusterError
from spe1_builder.runs.clusters.jobs import import_jobqueue
from spe1_builder.runs.clusters.opened import open_client
from spe1_builder.runs.clusters.run import run_in_cluster
from spe1_builder.runs.clusters.spec import ClusterSpec
from spe1_builder.runs.loop import Done
from tests.support.batch.system import FakeBatch
from tests.support.cluster_tasks import ToyTask

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="certificates are made by openssl")
#: What begins a key, in a file of one.
KEY = "PRIVATE KEY"


def config_of(certificate, key, authority):
    """Dask's configuration that names them, for every role."""
    own = {f"{role}.cert": str(certificate) for role in ("client", "scheduler", "worker")}
    own |= {f"{role}.key": str(key) for role in ("client", "scheduler", "worker")}
    named = {"ca-file": str(authority)} | own
    return {f"distributed.comm.tls.{name}": value for name, value in named.items()}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """Configurations of two authorities, which do not know each other."""
    folder = tmp_path_factory.mktemp("certificates")
    configs = {}
    for name in ("lab", "other"):
        key, certificate = folder / f"{name}.key", folder / f"{name}.crt"
        subprocess.run(
            [
                *(OPENSSL, "req", "-x509", "-nodes", "-days", "2", "-subj", f"/CN={name}"),
                *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
                *("-keyout", key, "-out", certificate),
            ],
            check=True,
            capture_output=True,
        )
        configs[name] = config_of(certificate, key, certificate)
    yield configs
    shutil.rmtree(folder)


def as_environment(config):
    """The same for a process, which finds what the tests import."""
    own = {
        "DASK_" + name.upper().replace(".", "__").replace("-", "_"): value
        for name, value in config.items()
    }
    return own | {"PYTHONPATH": os.pathsep.join(sys.path)}


@pytest.fixture(scope="module")
def address(certificates, tmp_path_factory):
    """Of a scheduler that encrypts, with a worker."""
    folder = tmp_path_factory.mktemp("scheduler")
    place = folder / "scheduler.json"
    env = os.environ | as_environment(certificates["lab"])
    scheduler = ("dask_scheduler", "--protocol", "tls", "--host", "127.0.0.1", "--port", "0")
    worker = ("dask_worker", "--no-nanny", "--no-dashboard")
    started = [
        subprocess.Popen(
            [
                *(sys.executable, "-m", f"distributed.cli.{program}", *args),
                *("--scheduler-file", str(place)),
            ],
            stderr=subprocess.DEVNULL,
            env=env,
        )
        for program, *args in ((*scheduler, "--dashboard-address", "127.0.0.1:0"), worker)
    ]
    until = time.monotonic() + 60
    while not place.exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    yield json.loads(place.read_text())["address"]
    for process in started:
        process.kill()
        process.wait()


def refused(cluster, config, match):
    """The error of a cluster that cannot be opened, which comes soon and keeps the key."""
    begun = time.monotonic()
    with (
        dask.config.set(config),
        pytest.raises(ClusterError, match=match) as caught,
        open_client(ClusterSpec(cluster)),
    ):
        pass
    assert time.monotonic() - begun < 20
    assert KEY not in str(caught.value) and caught.value.do
    return caught.value


def test_work_on_an_encrypted_cluster(address, certificates, tmp_path):
    assert address.startswith("tls://")
    with dask.config.set(certificates["lab"]):
        (outcome,) = run_in_cluster(ClusterSpec(address), ["c1"], ToyTask(tmp_path), "test")
    assert outcome == Done("c1", 1)


def test_no_certificates(address):
    error = refused(address, {}, "has none for the client")
    assert error.where == address and "ca-file" in error.do


def test_certificates_of_another_authority(address, certificates):
    error = refused(address, certificates["other"], "cannot be reached")
    assert "certificates" in error.do and "distributed.comm.tls" in error.do


def test_a_certificate_that_the_scheduler_does_not_trust(address, certificates):
    authority = {
        name: value for name, value in certificates["lab"].items() if name.endswith("ca-file")
    }
    error = refused(address, certificates["other"] | authority, "cannot be reached")
    assert "the authority that it trusts" in error.do


def test_plain_talk_to_a_scheduler_that_encrypts(address, certificates):
    plain = address.replace("tls://", "tcp://")
    for config in ({}, certificates["lab"]):
        assert "tls://" in refused(plain, config, "cannot be reached").do


def test_certificates_that_are_none(address, certificates, tmp_path):
    missing = tmp_path / "missing.key"
    config = certificates["lab"] | {"distributed.comm.tls.client.key": str(missing)}
    assert refused(address, config, "cannot be used").where == str(missing)
    # Dask takes the key itself too, in the place of its file's name.
    config["distributed.comm.tls.client.key"] = f"-----BEGIN {KEY}-----\nsecret\n"
    error = refused(address, config, "cannot be used")
    assert "secret" not in str(error) and error.where == address


def test_where_encryption_is_required(certificates, tmp_path):
    required = {"distributed.comm.require-encryption": True}
    error = refused("tcp://127.0.0.1:1", required, "requires encryption")
    assert "name a tls:// address" in error.do
    assert refused("local:1", required, "none for the scheduler").where == "local:1"
    with dask.config.set(required | certificates["lab"]), open_client(ClusterSpec("local:1")) as ok:
        assert ok.scheduler.address.startswith("tls://")
        assert list(run_in_cluster(ok, ["c1"], ToyTask(tmp_path), "test")) == [Done("c1", 1)]


def test_jobs_that_encrypt(certificates, tmp_path, monkeypatch):
    fake = FakeBatch("slurm", tmp_path / "batch")
    monkeypatch.setenv("PATH", fake.path)
    monkeypatch.chdir(tmp_path)
    for name, value in as_environment(certificates["lab"]).items():
        monkeypatch.setenv(name, value)
    import_jobqueue()  # its configuration comes with it
    here = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    config = {
        "distributed.comm.require-encryption": True,
        "jobqueue.slurm.scheduler-options": here,
    }
    spec = ClusterSpec("slurm", cores=1, memory="1.5GB")
    assert refused("slurm", config, "none for the scheduler").where == "slurm"
    with dask.config.set(config | certificates["lab"]):
        assert list(run_in_cluster(spec, ["c1"], ToyTask(tmp_path), "test")) == [Done("c1", 1)]
    assert "dask_worker tls://127.0.0.1:" in fake.scripts[0] and KEY not in fake.scripts[0]
    assert fake.alive() == []
