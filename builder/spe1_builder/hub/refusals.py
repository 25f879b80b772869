"""What keeps a root from being published: looked at before a byte leaves."""

from __future__ import annotations

import getpass
import os
import re
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from spe1_builder.hub.contents import LocalFile, RootContents
from spe1_builder.layout import SPLITS

#: Of files that hold traces only their ends are looked at, where Arrow keeps its words.
_END_BYTES = 1 << 16
_PIECE_BYTES = 1 << 22
#: More than any of the patterns is long, so that none is cut between two pieces.
_OVERLAP_BYTES = 1 << 10
#: Whatever of an archive (xlsx, npz) unpacks to more is no text of ours.
_LARGEST_MEMBER_BYTES = 1 << 28
#: No password is looked for that common words could be.
_SHORTEST_SECRET = 8

#: Forms of secrets, as their makers publish them. Each begins with letters to look for, since a
#: search for a boundary of words stops at every byte.
_SECRETS: dict[str, re.Pattern[bytes]] = {
    "a token of the Hub": re.compile(rb"hf_(?<=\bhf_)[A-Za-z0-9]{30,}"),
    "a token of GitHub": re.compile(rb"gh(?<=\bgh)[pousr]_[A-Za-z0-9]{36,}"),
    "a key of AWS": re.compile(rb"AKIA(?<=\bAKIA)[0-9A-Z]{16}\b"),
    "a private key": re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
}


def find_leaks(contents: RootContents) -> Iterator[tuple[str, str]]:
    """Secrets, and paths of this machine, in what would be sent.

    Yields
    ------
    tuple of str
        Path of the file, and what is in it.
    """
    patterns = {**_SECRETS, **_known_secrets(), **_machine_paths(contents.layout.root)}
    for file in contents.files():
        found = {name for piece in _pieces(file) for name in _found_in(piece, patterns)}
        yield from ((file.path, name) for name in sorted(found))


def _found_in(piece: bytes, patterns: dict[str, re.Pattern[bytes]]) -> Iterator[str]:
    for name, pattern in patterns.items():
        if pattern.search(piece):
            yield name


def _known_secrets() -> dict[str, re.Pattern[bytes]]:
    """The very secrets of whoever publishes."""
    from huggingface_hub import get_token

    known = {
        "your token of the Hub": get_token(),
        "your password of CRCNS": os.environ.get("CRCNS_PASSWORD"),
    }
    return {
        name: re.compile(re.escape(value.encode()))
        for name, value in known.items()
        if value and len(value) >= _SHORTEST_SECRET
    }


def _machine_paths(root: Path) -> dict[str, re.Pattern[bytes]]:
    """Folders that name this machine or its user, as text may have them."""
    folders = {root.resolve(), Path.cwd(), Path.home(), Path(tempfile.gettempdir()).resolve()}
    # A folder of one name, such as /root or /tmp, may be a word of any text.
    names = {str(folder) for folder in folders if len(folder.parts) > 2}
    try:
        user = re.escape(getpass.getuser())
    except (KeyError, OSError):  # a container whose user has no name
        user = None
    patterns = [re.escape(name) for name in names]
    if user is not None:
        patterns += [rf"/home/{user}", rf"/Users/{user}", rf"[A-Z]:\\+Users\\+{user}"]
    joined = "|".join(sorted(patterns))
    # Not where it only begins a longer name.
    return {"a path of this machine": re.compile(rf"(?:{joined})(?![\w.-])".encode())}


def _pieces(file: LocalFile) -> Iterator[bytes]:
    """The content, in overlapping pieces; what is packed unpacked."""
    if file.path.split("/")[1:2] and file.path.split("/")[1] in SPLITS and _is_arrow(file):
        yield from _ends(file)
    elif zipfile.is_zipfile(file.source):
        with zipfile.ZipFile(file.source) as archive:
            for member in archive.infolist():
                if member.file_size <= _LARGEST_MEMBER_BYTES:
                    yield archive.read(member)
    else:
        with file.source.open("rb") as stream:
            rest = b""
            while piece := stream.read(_PIECE_BYTES):
                yield rest + piece
                rest = piece[-_OVERLAP_BYTES:]


def _is_arrow(file: LocalFile) -> bool:
    return file.source.suffix == ".arrow"


def _ends(file: LocalFile) -> Iterator[bytes]:
    with file.source.open("rb") as stream:
        yield stream.read(_END_BYTES)
        stream.seek(max(0, file.size - _END_BYTES))
        yield stream.read(_END_BYTES)
