"""Jobs of batch systems, by programs that run the script on this machine (tests/support/batch)."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import dask
import pytest

import spe1
from spe1_builder.errors import ClusterError
from spe1_builder.runs.clusters import jobs
from spe1_builder.runs.clusters.opened import DISK_RESOURCE, open_client
from spe1_builder.runs.clusters.run import run_in_cluster
from spe1_builder.runs.clusters.spec import BATCH_SYSTEMS, ClusterSpec
from spe1_builder.runs.loop import Done
from tests.support.batch.system import FakeBatch
from tests.support.cluster_tasks import SlowTask, ToyTask, content, read_runs
from tests.support.recordings import SMALL

#: What the scripts must say of one core, 1.5 GB and ten minutes. dask-jobqueue asks SGE for time
#: alone; memory and cores have a name of each site's own there.
ASKED = {
    "slurm": ["#SBATCH --cpus-per-task=1\n", "#SBATCH --mem=2G\n", "#SBATCH -t 00:10:00\n"],
    "pbs": ["#PBS -l select=1:ncpus=1:mem=1431MB\n", "#PBS -l walltime=00:10:00\n"],
    "lsf": ["#BSUB -n 1\n", "#BSUB -M 1500000\n", "#BSUB -W 00:10\n"],
    "sge": ["#$ -l h_rt=00:10:00\n"],
}
#: Where a test takes seconds, the others wait for `make test-faults`.
SLURM_FIRST = [
    pytest.param(name, marks=[] if name == "slurm" else pytest.mark.faults)
    for name in BATCH_SYSTEMS
]
#: The scheduler is this process; on a login node it is reached from elsewhere.
HERE = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}


def spec(system, **options):
    walltime = "00:10" if system == "lsf" else "00:10:00"
    return ClusterSpec(
        system, **({"workers": 2, "cores": 1, "memory": "1.5GB", "walltime": walltime} | options)
    )


@pytest.fixture
def batch(tmp_path, monkeypatch):
    """A batch system by its name, submitted to from a folder of its own."""
    made = []
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    monkeypatch.setenv("LSF_ENVDIR", str(home))  # no lsf.conf: memory in kB
    monkeypatch.setattr(jobs, "_ASK_EVERY_S", 0.2)
    monkeypatch.setattr(jobs, "_GONE_S", 0.5)

    def make(name):
        made.append(FakeBatch(name, tmp_path / "batch"))
        monkeypatch.setenv("PATH", made[-1].path)
        return made[-1]

    jobs.import_jobqueue()  # its configuration comes with it
    with dask.config.set({f"jobqueue.{name}.scheduler-options": HERE for name in BATCH_SYSTEMS}):
        yield make
    for one in made:
        one.kill()
        assert one.alive() == []


def run(cluster, task, **options):
    return {
        outcome.cell_id: outcome
        for outcome in run_in_cluster(cluster, ["c1", "c2", "c3"], task, "test", **options)
    }


@pytest.mark.parametrize("system", SLURM_FIRST)
def test_jobs_are_workers_and_end_with_the_work(batch, tmp_path, system):
    fake = batch(system)
    with open_client(spec(system)) as client:
        client.wait_for_workers(2, timeout=60)
        workers = client.scheduler_info(n_workers=-1)["workers"].values()
        assert [worker["resources"] for worker in workers] == [{DISK_RESOURCE: 1}] * 2
        outcomes = run(client, ToyTask(tmp_path))
        assert all(outcome == Done(cell, 1) for cell, outcome in outcomes.items())
        assert len(outcomes) == 3 and fake.cancelled == []
    assert len(fake.jobs) == 2
    for script in fake.scripts:
        assert all(words in script for words in ASKED[system])
        assert f"\n{sys.executable} -m distributed.cli.dask_worker tcp://127.0.0.1:" in script
        assert " --nthreads 1 " in script and f"--resources {DISK_RESOURCE}=1\n" in script
    assert fake.alive() == []
    assert fake.cancelled == [job.name for job in fake.jobs]


def test_what_is_not_given_is_dasks_own(batch, tmp_path):
    fake = batch("slurm")
    own = {"queue": "normal", "account": "lab", "cores": 2, "memory": "3GB", "walltime": "02:30:00"}
    own |= {"job-script-prologue": ["export FROM_PROLOGUE=1"], "log-directory": str(tmp_path)}
    with dask.config.set({f"jobqueue.slurm.{name}": value for name, value in own.items()}):
        outcomes = run(ClusterSpec("slurm", walltime="01:00:00"), ToyTask(tmp_path))
    assert {cell: outcome.result for cell, outcome in outcomes.items()} == dict.fromkeys(
        ["c1", "c2", "c3"], 1
    )
    (script,) = fake.scripts
    for line in ("-p normal", "-A lab", "--cpus-per-task=2", "--mem=3G", "-t 01:00:00"):
        assert f"#SBATCH {line}\n" in script
    assert "\nexport FROM_PROLOGUE=1\n" in script and " --nthreads 2 " in script
    assert list(tmp_path.glob("dask-worker-*.err"))
    assert fake.alive() == []


def test_a_job_whose_time_is_up_is_followed_by_another(batch, tmp_path, monkeypatch):
    fake = batch("slurm")
    monkeypatch.setattr(jobs, "_GONE_S", 30)
    task = SlowTask(tmp_path)

    def hear(event):
        if event.kind == "worker left":
            task.end()

    def stop_the_first():
        while not task.n_calls("c1"):
            time.sleep(0.05)
        fake.kill()

    stopper = threading.Thread(target=stop_the_first)
    stopper.start()
    with dask.config.set({"distributed.deploy.lost-worker-timeout": "500ms"}):
        outcomes = run(spec("slurm", workers=1), task, listener=hear)
    stopper.join()
    assert all(isinstance(outcome, Done) for outcome in outcomes.values())
    assert task.n_calls("c1") == 2 and len(fake.jobs) == 2
    assert fake.alive() == []


@pytest.mark.parametrize("system", BATCH_SYSTEMS)
def test_jobs_that_are_refused(batch, tmp_path, caplog, system):
    fake = batch(system)
    fake.refuse("error: invalid account\nnothing was submitted\n")
    with pytest.raises(ClusterError, match=f"{system} refused 2 of 2 jobs") as caught:
        run(spec(system), ToyTask(tmp_path))
    assert caught.value.got == "error: invalid account\nnothing was submitted"
    assert "account" in caught.value.do and fake.jobs == []
    assert "Traceback" not in caplog.text
    (record,) = read_runs(tmp_path)
    assert record.status == "broken" and "refused" in record.problem


@pytest.mark.parametrize("system", BATCH_SYSTEMS)
def test_no_batch_system_here(batch, tmp_path, monkeypatch, system):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClusterError, match=r"of \w+ is not on the PATH") as caught:
        run(spec(system), ToyTask(tmp_path))
    assert "login node" in caught.value.do


@pytest.mark.parametrize("system", SLURM_FIRST)
def test_jobs_that_die_before_they_are_workers(batch, tmp_path, system):
    fake = batch(system)
    with (
        dask.config.set({f"jobqueue.{system}.python": "/no/such/python"}),
        pytest.raises(ClusterError, match="have ended, and no worker is there") as caught,
    ):
        run(spec(system), ToyTask(tmp_path))
    assert [job.name in caught.value.where for job in fake.jobs] == [True, True]
    assert str(tmp_path / "home") in caught.value.do
    if system == "lsf":
        assert caught.value.got is None  # it went by mail
    else:
        assert "/no/such/python: No such file" in caught.value.got
    (record,) = read_runs(tmp_path)
    assert record.status == "broken" and "have ended" in record.problem


def test_a_queue_is_waited_for(batch):
    fake = batch("slurm")
    fake.hold()
    with open_client(spec("slurm")) as client:
        time.sleep(1.5)
        assert client.status == "running"
    assert len(fake.cancelled) == 2


def test_a_system_that_does_not_answer_is_no_proof(batch):
    fake = batch("slurm")
    fake.be_deaf()
    with (
        dask.config.set({"jobqueue.slurm.python": "/no/such/python"}),
        open_client(spec("slurm")) as client,
    ):
        time.sleep(1.5)
        assert client.status == "running"


def command(archive, root, *options):
    small = [
        word
        for name, value in SMALL.as_dict().items()
        for word in (f"--{name.replace('_', '-')}", str(value))
    ]
    where = ["--raw-dir", str(archive.raw_dir), "--root", str(root), "--cluster", "slurm"]
    return [sys.executable, "-m", "spe1_builder.cli", "build", "c14", *where, *small, *options]


@pytest.fixture
def configured(tmp_path, monkeypatch):
    """Dask's configuration in a file, as a user has it."""
    folder = tmp_path / "config"
    folder.mkdir()
    own = {"cores": 2, "memory": "1.5GB", "scheduler-options": HERE}
    (folder / "jobqueue.yaml").write_text(json.dumps({"jobqueue": {"slurm": own}}))
    monkeypatch.setenv("DASK_CONFIG", str(folder))


def test_build_by_command(batch, configured, archive, built, tmp_path):
    fake, root = batch("slurm"), tmp_path / "spe1"
    done = subprocess.run(
        command(archive, root, "--walltime", "00:20:00"), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert content(root / "c14") == content(built.folder)
    assert spe1.verify(root).ok
    (script,) = fake.scripts
    assert "#SBATCH -t 00:20:00\n" in script and "#SBATCH --cpus-per-task=2\n" in script
    assert len(fake.cancelled) == 1 and fake.alive() == []
    shutil.rmtree(root)


def test_ctrl_c_takes_jobs_out_of_the_queue(batch, configured, archive, tmp_path):
    fake = batch("slurm")
    fake.hold()
    process = subprocess.Popen(
        command(archive, tmp_path / "spe1", "--workers", "3"),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    told = ""
    while "waiting for the first worker" not in told:
        line = process.stderr.readline()
        assert line, told
        told += line
    assert len(fake.jobs) == 3 and fake.cancelled == []
    os.killpg(process.pid, signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 130, told + rest
    assert "Traceback" not in rest
    (record,) = read_runs(tmp_path / "spe1")
    assert record.status == "stopped"
    assert fake.cancelled == [job.name for job in fake.jobs]


def test_the_package_leaves_ctrl_c_alone():
    script = """
import signal, threading
from spe1_builder.errors import ClusterError
from spe1_builder.runs.clusters.jobs import import_jobqueue

def elsewhere():
    try:
        import_jobqueue()
    except ClusterError as error:
        print(error.do)

thread = threading.Thread(target=elsewhere)
thread.start()
thread.join()
import_jobqueue()
assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
thread = threading.Thread(target=elsewhere)
thread.start()
thread.join()
"""
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True)
    assert done.stdout == "import dask_jobqueue before the thread starts\n", done.stderr
    assert done.returncode == 0
