"""The download on a terminal, and stopped in the middle."""

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from tests.support.crcns_faults import PASSWORD, USERNAME
from tests.support.crcns_server import CrcnsServer
from tests.support.download_command import MAIN, cell_files, environment, run_command
from tests.support.release import pack, side, tiny_cell, tiny_release, with_lists


@pytest.fixture
def server():
    with CrcnsServer(tiny_release("c14")) as server:
        yield server


def start(server, tmp_path, *args, **kwargs):
    return subprocess.Popen(
        [sys.executable, "-c", MAIN, "download", *args],
        cwd=tmp_path,
        env=environment(server, tmp_path),
        **kwargs,
    )


def wait_for_part(process, part, n_bytes):
    deadline = time.monotonic() + 60
    while not part.exists() or part.stat().st_size < n_bytes:
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.005)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_stop_in_the_middle(server, tmp_path, how):
    """Ctrl-C, or a kill that leaves no time for anything: the next run goes on."""
    files = {"data/c14.tar.gz": pack(tiny_cell("c14", n_npx=1500), "c14/")}
    server.files = with_lists({**side(["c14"], "data/", n_npx=1500), **files})
    size = len(files["data/c14.tar.gz"])
    server.chunk_pause_s = 0.05
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = start(server, tmp_path, "c14", **pipes)
    part = tmp_path / ".raw/c14.tar.gz.part"
    wait_for_part(process, part, 100_000)
    arguments = Path(f"/proc/{process.pid}/cmdline").read_bytes()
    process.send_signal(how)
    _, stderr = process.communicate(timeout=60)
    assert PASSWORD.encode() not in arguments
    arrived = part.stat().st_size
    if how is signal.SIGINT:
        assert process.returncode == 130 and "Traceback" not in stderr
        assert f"stopped; {arrived / 1e6:,.1f} MB of c14.tar.gz kept in .raw" in stderr
        assert "Run the same command again" in stderr
    assert 100_000 <= arrived < size
    server.chunk_pause_s = 0.0
    server.seen.clear()
    done = run_command(server, tmp_path, "download", "c14")
    assert done.returncode == 0, done.stderr
    assert server.ranges("c14.tar.gz") == [f"bytes={arrived}-"]
    assert cell_files(tmp_path / ".raw", "c14") == tiny_cell("c14", n_npx=1500)


def answer(terminal: int, answers: list[tuple[str, str]]) -> str:
    """Type each answer once its question stands there; returns all that was shown."""
    shown = b""
    while select.select([terminal], [], [], 30)[0]:
        try:
            shown += os.read(terminal, 65536)
        except OSError:  # the program has ended
            break
        if answers and answers[0][0].encode() in shown:
            os.write(terminal, f"{answers.pop(0)[1]}\n".encode())
    return shown.decode()


def test_on_a_terminal(server, tmp_path):
    """The account is asked for, the password is not shown, and bars are drawn."""
    environ = environment(server, tmp_path, COLUMNS="100")
    del environ["CRCNS_USERNAME"], environ["CRCNS_PASSWORD"]
    server.chunk_pause_s = 0.05
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, 100))  # of no size, it would have room for no bar
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, "download", "c14"],
        cwd=tmp_path,
        env=environ,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    shown = answer(master, [("user name:", USERNAME), ("password: ", PASSWORD)])
    os.close(master)
    process.kill()  # if it still waits for something
    assert process.wait() == 0, shown
    assert PASSWORD not in shown and "register" in shown
    assert "c14 c14.tar.gz:" in shown and "B/s" in shown and "c14: downloaded" in shown
