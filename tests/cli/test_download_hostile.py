"""What a person sees of a hostile server, a disk that refuses, and a machine at its limits."""

import os
import pty
import subprocess
import sys

import pytest

from tests.support.crcns_faults import Fault
from tests.support.crcns_server import CrcnsServer
from tests.support.download_command import MAIN, cell_files, environment, run_command
from tests.support.release import tiny_cell, tiny_release

LIMIT = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))
"""
HURRY = "import time; time.sleep = lambda seconds: None"
NO_THREADS = """
import threading
def start(self): raise RuntimeError("can't start new thread")
threading.Thread.start = start
"""


@pytest.fixture
def server():
    with CrcnsServer(tiny_release("c14")) as server:
        yield server


@pytest.mark.parametrize("n_bytes", [100, 20_000])
def test_a_limit_of_file_sizes(server, tmp_path, n_bytes):
    """At the lock, a side file, the packed file: told, and what has arrived is kept."""
    done = run_command(
        server, tmp_path, "download", "c14", "--root", "spe1", prelude=LIMIT.format(n_bytes)
    )
    assert done.returncode == 1, done.stdout
    assert "takes no file so large" in done.stderr and "ulimit -f" in done.stderr
    part = tmp_path / ".raw/c14.tar.gz.part"
    assert n_bytes < 20_000 or part.stat().st_size == n_bytes
    server.seen.clear()
    done = run_command(server, tmp_path, "download", "c14", "--root", "spe1")
    assert done.returncode == 0, done.stderr
    assert cell_files(tmp_path / ".raw", "c14") == tiny_cell("c14")
    assert n_bytes < 20_000 or server.ranges("c14.tar.gz") == [f"bytes={n_bytes}-"]


def test_threads_that_cannot_start(server, tmp_path):
    """A download needs none, not even for its bars."""
    code = f"import warnings; warnings.simplefilter('ignore')\n{NO_THREADS}\n{MAIN}"
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", code, "download", "c14"],
        cwd=tmp_path,
        env=environment(server, tmp_path),
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    shown = b""
    while True:
        try:
            shown += os.read(master, 65536)
        except OSError:  # the program has ended
            break
    os.close(master)
    assert process.wait() == 0 and b"Traceback" not in shown, shown
    assert cell_files(tmp_path / ".raw", "c14") == tiny_cell("c14")


CODES = "\x1b]0;owned\x07\x1b[2J\u202e"


@pytest.mark.parametrize("where", ["list", "type", "title", "location"])
def test_terminal_codes_of_a_server(server, tmp_path, where):
    """They never reach the screen, from whatever they come."""
    if where == "list":
        server.files["filelist.txt"] = f"./{CODES}.tar.gz 5\n".encode()
    elif where == "type":
        server.text_faults += [Fault("odd_200", 4)] * 9
    elif where == "title":
        page = f"<html><title>Index of {CODES}</title></html>".encode()
        server.files["filelist.txt"] = page
    else:
        server.text_faults += [Fault("codes_as_location")] * 9
    done = run_command(server, tmp_path, "download", "c14", prelude=HURRY)
    assert done.returncode == 1 and "do:" in done.stderr
    assert not set(done.stdout + done.stderr) & set("\x1b\x07\u202e")
    assert "\\x1b" in done.stderr
