"""What kind of disk a folder lies on, and whether its locks hold between machines."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from spe1_builder.errors import OptionError

#: Says how locks are held, where the kind of disk says it wrongly; the same on every machine.
LOCKS_VARIABLE = "SPE1_LOCKS"
_OCTAL = re.compile(r"\\([0-7]{3})")
_MOUNTS = Path("/proc/self/mounts")
#: Here ``flock`` is of one machine only, or is taken and does nothing.
_WITHOUT_FLOCK = {
    "9p",
    "afs",
    "beegfs",
    "cifs",
    "fuse.beegfs",
    "fuse.goofys",
    "fuse.rclone",
    "fuse.s3fs",
    "fuse.sshfs",
    "smb3",
}


@dataclass(frozen=True)
class Mount:
    """A mounted disk.

    Attributes
    ----------
    point : Path
    kind : str
        ``ext4``, ``nfs4``, ``lustre``.
    options : tuple of str
    """

    point: Path
    kind: str
    options: tuple[str, ...]

    @property
    def lacks_flock(self) -> str | None:
        """Why ``flock`` does not hold between machines here; None where it does."""
        if self.kind in _WITHOUT_FLOCK:
            return self.kind
        if self.kind.startswith("nfs"):
            # Since Linux 2.6.12 the client asks the server, unless it was told not to.
            local = {"nolock", "local_lock=flock", "local_lock=all"} & set(self.options)
            return f"{self.kind} with {min(local)}" if local else None
        if self.kind == "lustre" and "flock" not in self.options:
            return "lustre mounted without flock"
        return None


def mount_of(folder: Path, mounts: Path = _MOUNTS) -> Mount | None:
    """The disk of a folder; None where the system does not tell.

    Parameters
    ----------
    folder : Path
    mounts : Path, optional
        The system's list.
    """
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    place = Path(os.path.realpath(folder))
    found = None
    for line in lines:
        fields = line.split(" ")
        if len(fields) < 4:
            continue
        # Blanks and the like stand in octal: \040.
        point = Path(_OCTAL.sub(lambda found: chr(int(found[1], 8)), fields[1]))
        # Of two on one point the later one is seen.
        is_nearer = found is None or len(point.parts) >= len(found.point.parts)
        if place.is_relative_to(point) and is_nearer:
            found = Mount(point, fields[2], tuple(fields[3].split(",")))
    return found


def lacks_flock(folder: Path) -> str | None:
    """Why locks of a folder are lease files, in a few words; None where ``flock`` holds them.

    Raises
    ------
    OptionError
        ``SPE1_LOCKS`` is neither ``flock`` nor ``lease``.
    """
    wanted = os.environ.get(LOCKS_VARIABLE)
    if wanted not in (None, "", "flock", "lease"):
        raise OptionError(
            f"{LOCKS_VARIABLE} cannot be {wanted!r}.",
            where=LOCKS_VARIABLE,
            expected="flock or lease",
            got=wanted,
            do="unset it, unless all machines that write into a root have the same",
        )
    if wanted:
        return f"{LOCKS_VARIABLE}=lease" if wanted == "lease" else None
    mount = mount_of(folder)
    return None if mount is None else mount.lacks_flock
