"""Locks of processes: by the system's, and by lease files where those do not hold."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from spe1_builder.dataset.write import build as module
from spe1_builder.dataset.write.build import build_cell
from spe1_builder.disk import leases
from spe1_builder.disk.leases import Lease, Owner
from spe1_builder.disk.locks import held_lock
from spe1_builder.disk.mounts import LOCKS_VARIABLE, lacks_flock, mount_of
from spe1_builder.errors import BusyError, OptionError
from tests.support.project import SOURCE
from tests.support.recordings import SMALL

HOLD = """
import sys, time
from pathlib import Path
from spe1_builder.disk.locks import held_lock
with held_lock(Path(sys.argv[1]), "c14", wait_s=30):
    print("held", flush=True)
    time.sleep(60)
"""
COUNT = """
import sys, time
from pathlib import Path
from spe1_builder.disk.locks import held_lock
lock, count = Path(sys.argv[1]), Path(sys.argv[2])
for _ in range(10):
    with held_lock(lock, "c14", wait_s=60):
        n = int(count.read_text())
        time.sleep(0.01)
        count.write_text(str(n + 1))
"""


@pytest.fixture(params=["flock", "lease"])
def kind(request, monkeypatch):
    monkeypatch.setenv(LOCKS_VARIABLE, request.param)
    return request.param


def started(program, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(SOURCE)},
    )


def test_another_process_waits_and_a_killed_one_lets_go(kind, tmp_path):
    lock = tmp_path / "c14.lock"
    with started(HOLD, lock) as holder:
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(BusyError, match="is working on c14") as caught,
            held_lock(lock, "c14"),
        ):
            pass
        assert kind == "flock" or f"process {holder.pid}" in caught.value.got
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        begun = time.monotonic()
        with held_lock(lock, "c14", wait_s=10) as held:
            held.require()
        assert time.monotonic() - begun < 10
    if kind == "lease":
        assert list(tmp_path.iterdir()) == []


def test_one_at_a_time(kind, tmp_path):
    count = tmp_path / "count"
    count.write_text("0")
    counters = [started(COUNT, tmp_path / "lock", count) for _ in range(3)]
    assert [counter.wait() for counter in counters] == [0, 0, 0]
    for counter in counters:
        counter.stdout.close()
    assert count.read_text() == "30"


def stranger(path, age_s):
    """A lease of another machine, last touched so long ago."""
    owner = {"token": "t", "host": "elsewhere", "pid": 1, "machine": "another", "begun": "1"}
    path.write_text(json.dumps(owner))
    then = time.time() - age_s
    os.utime(path, (then, then))


def test_of_other_machines_only_age_tells(tmp_path):
    path = tmp_path / "lease"
    stranger(path, age_s=100)
    lease = Lease(path)
    assert not lease.acquire() and lease.holder().host == "elsewhere"
    stranger(path, age_s=200)
    assert lease.acquire() and lease.is_held()
    lease.release()
    assert list(tmp_path.iterdir()) == []


def test_one_alone_takes_over(tmp_path):
    path = tmp_path / "lease"
    stranger(path, age_s=200)
    (tmp_path / "lease.over-t").touch()  # somebody is at it
    lease = Lease(path)
    assert not lease.acquire()
    stranger(tmp_path / "lease.over-t", age_s=200)  # and died of it
    assert lease.acquire(wait_s=5)
    lease.release()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"token": 1}'])
def test_what_cannot_be_read_is_left_when_old(content, tmp_path):
    path = tmp_path / "lease"
    path.write_bytes(content)
    assert not Lease(path).acquire()
    os.utime(path, (0, 0))
    lease = Lease(path)
    assert lease.acquire()
    lease.release()


def test_an_owner_keeps_it_fresh(tmp_path):
    path = tmp_path / "lease"
    lease = Lease(path, beat_s=0.02, dead_after_s=0.5)
    assert lease.acquire()
    os.utime(path, (0, 0))
    until = time.monotonic() + 10
    while path.stat().st_mtime == 0:
        assert time.monotonic() < until
        time.sleep(0.01)
    lease.release()


def test_who_lost_it_leaves_the_others_alone(tmp_path):
    path = tmp_path / "lease"
    late, quick = Lease(path, beat_s=60), Lease(path)
    assert late.acquire()
    os.utime(path, (0, 0))  # it stood still
    assert not quick.acquire()  # but its process is here, and lives
    stranger(path, age_s=0)
    assert not late.is_held()
    late.release()
    assert path.exists()


def test_a_build_that_lost_its_lease_puts_nothing_in_place(archive, tmp_path, monkeypatch):
    monkeypatch.setenv(LOCKS_VARIABLE, "lease")
    root = tmp_path / "spe1"
    fill = module.fill_cell

    def slowly(folder, *args):
        fill(folder, *args)
        folder.rename(folder.with_name("cleared"))
        folder.mkdir()  # the other one's
        stranger(root / ".spe1/c14.lock.lease", age_s=0)

    monkeypatch.setattr(module, "fill_cell", slowly)
    with pytest.raises(BusyError, match="took over the work on c14"):
        build_cell("c14", archive.sources, root, SMALL)
    assert (root / ".spe1/staging/c14").is_dir() and not (root / "c14").exists()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("server:/data /data nfs4 rw,vers=4.2,local_lock=none 0 0", None),
        ("server:/data /data nfs rw,vers=3,nolock 0 0", "nfs with nolock"),
        ("server:/data /data nfs4 rw,local_lock=all 0 0", "nfs4 with local_lock=all"),
        ("10.0.0.1@tcp:/x /data lustre rw,flock 0 0", None),
        ("10.0.0.1@tcp:/x /data lustre rw,localflock 0 0", "lustre mounted without flock"),
        ("me@host: /data fuse.sshfs rw 0 0", "fuse.sshfs"),
        ("/dev/sdb /data ext4 rw 0 0", None),
        ("server:/data /data\\040two nfs rw,nolock 0 0", None),
        ("server:/data /dat\\141 nfs rw,nolock 0 0", "nfs with nolock"),
        ("server:/data /dat nfs rw,nolock 0 0", None),
    ],
)
def test_disks_without_locks(line, reason, tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\n{line}\nnonsense\n")
    mount = mount_of("/data/spe1", mounts)
    assert mount.lacks_flock == reason


def test_the_user_knows_better(monkeypatch, tmp_path):
    monkeypatch.setenv(LOCKS_VARIABLE, "lease")
    assert lacks_flock(tmp_path) == "SPE1_LOCKS=lease"
    monkeypatch.setenv(LOCKS_VARIABLE, "none")
    with pytest.raises(OptionError, match="SPE1_LOCKS cannot be 'none'"):
        lacks_flock(tmp_path)
    assert mount_of(tmp_path, tmp_path / "nowhere") is None


def test_a_process_that_the_system_hides_is_not_taken_for_dead(monkeypatch):
    """With ``hidepid`` the processes of others are not listed."""
    owner = replace(Owner.this_process(), pid=1, begun="7")

    def refused(_pid, _signal):
        raise PermissionError

    def gone(_pid, _signal):
        raise ProcessLookupError

    monkeypatch.setattr(leases, "_begun", lambda _pid: "")
    monkeypatch.setattr(leases.os, "kill", refused)
    assert owner.is_alive is None
    monkeypatch.setattr(leases.os, "kill", gone)
    assert owner.is_alive is False
