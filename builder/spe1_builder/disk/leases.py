"""A lock where ``flock`` is of one machine only: a file that its owner keeps fresh.

It needs of the disk that a hard link, or an exclusive creation, succeeds for one alone, and
that a rename replaces in one step, as on NFS and Lustre. A lease file names its owner (host,
process), who touches it every few seconds. One that has not been touched for long, or whose
process is gone from this machine, is taken over by exactly one of those who wait: whoever
makes the file beside it that is named after the lease. Ages are compared on the disk's own
clock, so that clocks of machines may differ.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import socket
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

#: How often an owner touches its file.
_BEAT_S = 15.0
#: An owner that has not for this long is dead; NFS may show a state that is a minute old.
DEAD_AFTER_S = 180.0
_POLL_S = 0.1
#: What disks without hard links answer.
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)


@dataclass(frozen=True)
class Owner:
    """Who holds a lease.

    Attributes
    ----------
    token : str
        Its own, of this one lease.
    host : str
    pid : int
    machine : str
        Boot and namespace of the process ids; only within one a ``pid`` means something.
    begun : str
        When the process began, since a ``pid`` is used again.
    """

    token: str
    host: str
    pid: int
    machine: str
    begun: str

    @classmethod
    def this_process(cls) -> Owner:
        pid = os.getpid()
        token = secrets.token_hex(8)
        return cls(token, socket.gethostname(), pid, _machine(), _begun(pid))

    @property
    def is_alive(self) -> bool | None:
        """Whether its process runs; None of other machines, of which nothing is known."""
        if not self.machine or self.machine != _machine():
            return None
        begun = _begun(self.pid)
        if not begun and not self.begun:
            return None
        return begun == self.begun or (None if not begun and _is_hidden(self.pid) else False)


def _machine() -> str:
    """Empty where the system does not tell."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _begun(pid: int) -> str:
    """When a process began, in ticks; empty if there is none, or it is only a remnant."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = text.rpartition(")")[2].split()
    return "" if fields[0] in ("Z", "X") else fields[19]


def _is_hidden(pid: int) -> bool:
    """Whether there is such a process of somebody else's, of which the system tells nothing."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except ProcessLookupError:
        return False
    return False


class Lease:
    """A lease of a name, for one owner at a time.

    Parameters
    ----------
    path : Path
        In a folder that is there.
    beat_s, dead_after_s : float, optional
        How often it is kept fresh, and when it counts as left.
    """

    def __init__(self, path: Path, *, beat_s: float = _BEAT_S, dead_after_s: float = DEAD_AFTER_S):
        self._path, self._beat_s, self._dead_after_s = path, beat_s, dead_after_s
        self._owner = Owner.this_process()
        self._is_over = threading.Event()
        self._beating: threading.Thread | None = None

    def acquire(self, wait_s: float = 0.0) -> bool:
        """Take it; False if another one holds it until the end of the wait."""
        until = time.monotonic() + wait_s
        own = self._path.with_name(f"{self._path.name}.{self._owner.token}")
        try:
            while not self._try(own):
                if time.monotonic() >= until:
                    return False
                time.sleep(_POLL_S)
        finally:
            own.unlink(missing_ok=True)
        self._beating = threading.Thread(target=self._beat, name="lease", daemon=True)
        self._beating.start()
        return True

    def release(self) -> None:
        """Give it back; one that was taken over stays as it is."""
        self._is_over.set()
        if self._beating is not None:
            self._beating.join()
        guard = self._guard(self._owner.token)
        if not self.is_held() or not _create(guard, b""):
            return
        self._path.unlink(missing_ok=True)
        guard.unlink(missing_ok=True)

    def holder(self) -> Owner | None:
        """Who holds it; None where nobody does, or nobody can be read there."""
        try:
            return Owner(**json.loads(self._path.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def is_held(self) -> bool:
        """Whether it is still this owner's, and nobody took it over."""
        holder = self.holder()
        return holder is not None and holder.token == self._owner.token

    def _try(self, own: Path) -> bool:
        # Written anew each time: its age is what others' ages are measured by.
        own.write_text(json.dumps(asdict(self._owner)), encoding="utf-8")
        if _link(own, self._path):
            return True
        holder = self.holder()
        if not self._is_left(holder, own):
            return False
        return self._take_over("unreadable" if holder is None else holder.token, own)

    def _is_left(self, holder: Owner | None, own: Path) -> bool:
        if holder is not None and holder.is_alive is not None:
            return not holder.is_alive
        age_s = _age_s(self._path, own)
        return age_s is not None and age_s > self._dead_after_s

    def _take_over(self, token: str, own: Path) -> bool:
        guard = self._guard(token)
        if not _create(guard, b""):
            age_s = _age_s(guard, own)
            if age_s is not None and age_s > self._dead_after_s:
                guard.unlink(missing_ok=True)  # who made it died there
            return False
        try:
            # Whoever has the guard of a lease is the only one who may remove it.
            holder = self.holder()
            if (holder.token if holder is not None else "unreadable") != token:
                return False
            if holder is None and not self._path.exists():
                return False
            own.replace(self._path)
            return True
        finally:
            guard.unlink(missing_ok=True)

    def _guard(self, token: str) -> Path:
        return self._path.with_name(f"{self._path.name}.over-{token}")

    def _beat(self) -> None:
        while not self._is_over.wait(self._beat_s):
            holder = self.holder()
            if holder is not None and holder.token != self._owner.token:
                return  # it was taken over
            # A disk that does not answer for a while may come back before the lease is left.
            with suppress(OSError):
                os.utime(self._path)


def _age_s(path: Path, now: Path) -> float | None:
    """How much older a file is than one just written, on the disk's clock."""
    try:
        # What is opened is asked of the server anew.
        with path.open("rb") as file:
            return now.stat().st_mtime - os.fstat(file.fileno()).st_mtime
    except OSError:
        return None


def _link(own: Path, path: Path) -> bool:
    """Give a file a second name, unless it is taken."""
    try:
        os.link(own, path)
    except FileExistsError:
        # The answer to a link that succeeded may get lost on the way, and the client asks again.
        return own.stat().st_nlink == 2
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return _create(path, own.read_bytes())
    return True


def _create(path: Path, content: bytes) -> bool:
    """Make a file, unless it is there."""
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        return False
    return True
