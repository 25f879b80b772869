"""A process and all that it starts, held to a time and to an amount of memory.

Memory is watched, not limited by the system: under a limit of address space (RLIMIT_AS) OpenBLAS
tries again for ever, torch and numba reserve far more than they use, and each process of a
sorter's pool would have a limit of its own.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

#: Between two looks: a process takes some 0.1 GB of memory meanwhile.
_LOOK_S = 0.05
_PROC = Path("/proc")


@dataclass(frozen=True)
class Watched:
    """How a process ended, and what it took.

    Attributes
    ----------
    end : {"exit", "signal", "memory", "time"}
    code : int
        Its exit status, or the number of the signal.
    wall_s, processor_s : float
        The latter of it and of those of its children that it waited for.
    peak_bytes : int
        Of all its processes together, as it was seen; pages that they share count for each.
    """

    end: Literal["exit", "signal", "memory", "time"]
    code: int
    wall_s: float
    processor_s: float
    peak_bytes: int


def run_watched(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    log: Path,
    memory_bytes: int,
    timeout_s: float,
) -> Watched:
    """Run a command in a session of its own until it ends, or goes beyond a limit.

    Whatever happens here, no process of it is left: neither by Ctrl-C, nor where this process
    is killed (its input closes, which it waits for).

    Parameters
    ----------
    command : sequence of str
    environment : mapping
    folder : Path
        Where it runs.
    log : Path
        Gets what it prints.
    memory_bytes : int
        Of all its processes together.
    timeout_s : float
    """
    began = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    peak, over = 0, None
    try:
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            now, highest = _memory_bytes(process.pid)
            peak = max(peak, now, highest)
            if over is None and now > memory_bytes:
                over = "memory"
            elif over is None and time.monotonic() - began > timeout_s:
                over = "time"
            if over is not None:
                _kill(process.pid)
            time.sleep(_LOOK_S)
        # It has been waited for; subprocess need not.
        process.returncode = os.waitstatus_to_exitcode(status)
    finally:
        _kill(process.pid)
        if process.stdin is not None:
            process.stdin.close()
        if process.returncode is None:
            process.wait()
    code = process.returncode
    end = over or ("signal" if code < 0 else "exit")
    seconds = usage.ru_utime + usage.ru_stime
    return Watched(end, abs(code), time.monotonic() - began, seconds, peak)  # type: ignore[arg-type]


def _members(session: int) -> Iterator[int]:
    """Processes of a session, without those that have ended; where the system tells."""
    for folder in _PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):  # it may end meanwhile
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session and fields[0] != "Z":
                yield int(folder.name)


def _memory_bytes(session: int) -> tuple[int, int]:
    """What all processes of a session have now, and the most that one of them has had."""
    now, highest = 0, 0
    for pid in _members(session):
        with contextlib.suppress(OSError, ValueError, IndexError):
            lines = (_PROC / str(pid) / "status").read_text().splitlines()
            kilobytes = {
                line.split(":")[0]: int(line.split()[1]) for line in lines if line[-3:] == " kB"
            }
            now += kilobytes.get("RssAnon", 0) + kilobytes.get("RssShmem", 0)
            highest = max(highest, kilobytes.get("VmHWM", 0))
    return now * 1024, highest * 1024


def _kill(session: int) -> None:
    """End every process of the session that a process leads."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(session, signal.SIGKILL)
    # Those that have made a group of their own.
    for pid in list(_members(session)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
