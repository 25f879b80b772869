"""The command ``spe1`` in a process of its own, fresh or forked from one that is kept ready.

A fresh process imports for seconds before it does what a test is about. `run_spe1` has one
process for all calls, which has imported what commands need and has no threads: each call is a
fork of it, with streams, folder, environment, exit status and end of its own. Where the
environment has what libraries read while they are imported, the call is a fresh process;
`run_fresh` always is.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from typing import NoReturn

from tests.support.project import PROJECT

#: What the command, and nothing else, reads when it runs.
_READ_LATE = ("COLUMNS", "CRCNS_", "HOME", "OLDPWD", "PWD", "PYTEST_", "SPE1_")
_IMPORTED = (
    "spe1",
    "spe1_builder.cli.app",
    "spe1_builder.benchmark.localization.run",
    "spe1_builder.benchmark.localization.report",
    "spe1_builder.dataset.write.build",
    "spe1_builder.runs.build",
    "spe1_builder.signal.bandpass.kernels",
    "spe1_builder.signal.bad_channels.detect",
    "spe1_builder.signal.quartiles.kernel",
    "spe1_builder.source.simulation.archive",
    "matplotlib.backends.backend_agg",
    "matplotlib.figure",
    "openpyxl",
    "scipy.optimize",
    "scipy.signal",
)


def environment(**more: str) -> dict[str, str]:
    """This process's, with what a call of the command needs."""
    return {**os.environ, "PYTHONPATH": str(PROJECT), "COLUMNS": "250", **more}


def run_fresh(
    *args, cwd=PROJECT, start=("-m", "spe1"), env=None, **more: str
) -> subprocess.CompletedProcess[str]:
    """``python -m spe1 ARGS``, or by another start; in `environment`, or in one that is given."""
    return subprocess.run(
        [sys.executable, *map(str, start), *map(str, args)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env=env or environment(**more),
    )


def run_spe1(*args, cwd=PROJECT, env=None, **more: str) -> subprocess.CompletedProcess[str]:
    """``python -m spe1 ARGS``, by a fork where that is the same."""
    ready, wanted = _ready(), env or environment(**more)
    if ready is None or _read_early(wanted) != ready.environment:
        return run_fresh(*args, cwd=cwd, env=wanted)
    return ready.run(list(map(str, args)), cwd, wanted)


def _read_early(variables: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in variables.items() if not key.startswith(_READ_LATE)}


@functools.cache
def _ready() -> _Ready | None:
    return _Ready() if hasattr(os, "fork") and hasattr(socket, "AF_UNIX") else None


class _Ready:
    """The process that waits, and the way to it."""

    def __init__(self) -> None:
        variables = environment()
        self.environment = _read_early(variables)
        self._channel, theirs = socket.socketpair()
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(theirs.fileno())],
            cwd=PROJECT,
            env=variables,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
        )
        theirs.close()
        self._answers = self._channel.makefile("r", encoding="utf-8")
        atexit.register(self._end)

    def _end(self) -> None:
        self._answers.close()
        self._channel.close()
        self._process.wait()

    def run(
        self, args: list[str], cwd: Path, variables: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        with contextlib.ExitStack() as stack:
            streams = [
                stack.enter_context(Path(os.devnull).open("rb")),
                stack.enter_context(tempfile.TemporaryFile()),
                stack.enter_context(tempfile.TemporaryFile()),
            ]
            numbers = array.array("i", [stream.fileno() for stream in streams])
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, numbers)
            self._channel.sendmsg([b"."], [rights])
            asked = {"args": args, "cwd": str(cwd), "environment": variables}
            self._channel.sendall(json.dumps(asked).encode() + b"\n")
            answer = self._answers.readline()
            assert answer, "the process that is kept ready has died"
            texts = []
            for stream in streams[1:]:
                stream.seek(0)
                texts.append(stream.read().decode().replace("\r\n", "\n"))
        return subprocess.CompletedProcess(args, int(answer), *texts)


def _wait_for_calls(channel: socket.socket) -> bool:
    """In the process that waits: True in each fork, False when there are no more calls."""
    asked = channel.makefile("rb", buffering=0)
    while True:
        _, numbers, _, _ = socket.recv_fds(channel, 1, 3)
        if not numbers:
            return False
        call = json.loads(asked.readline())
        child = os.fork()
        if child == 0:
            asked.close()
            channel.close()
            _become(call, numbers)
            return True
        for number in numbers:
            os.close(number)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        channel.sendall(f"{status}\n".encode())


def _become(call: dict, numbers: list[int]) -> None:
    """What Python does at a start, with the call's own."""
    for stream, number in enumerate(numbers):
        os.dup2(number, stream)
        os.close(number)
    stream = functools.partial(open, encoding="utf-8", closefd=False)
    sys.stdin, sys.stdout = stream(0), stream(1, "w")
    sys.stderr = stream(2, "w", buffering=1, errors="backslashreplace")
    os.chdir(call["cwd"])
    os.environ.clear()
    os.environ.update(call["environment"])
    sys.argv = ["spe1", *call["args"]]
    sys.path[0] = call["cwd"]


def _call() -> NoReturn:
    """The command, and an end that leaves out to take apart all that was imported: seconds."""
    from spe1_builder.cli.app import main

    status: object = 1
    try:
        main()
    except SystemExit as end:
        status = end.code
    except BaseException:  # noqa: BLE001 - as the interpreter does at its end
        traceback.print_exc()
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    os._exit(status if isinstance(status, int) else 0)


if __name__ == "__main__":
    for _name in _IMPORTED:
        importlib.import_module(_name)
    gc.freeze()
    with socket.socket(fileno=int(sys.argv[1])) as _channel:
        _is_call = _wait_for_calls(_channel)
    if _is_call:
        _call()
