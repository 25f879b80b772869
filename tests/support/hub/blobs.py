"""Contents on disk, by their sha256; what git calls them."""

import hashlib
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """A file of a tree.

    Attributes
    ----------
    path : str
    size : int
        Bytes of the content.
    sha256 : str
        Of the content: where it is kept.
    oid : str
        Git's id of the blob: of the content, or of the pointer if it is LFS.
    is_lfs : bool
    pointer_size : int
        Bytes of the pointer, 0 if it is not LFS.
    """

    path: str
    size: int
    sha256: str
    oid: str
    is_lfs: bool
    pointer_size: int = 0

    @property
    def etag(self) -> str:
        return self.sha256 if self.is_lfs else self.oid


def git_id(content: bytes) -> str:
    """Git's sha1 of a blob."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def lfs_entry(path: str, sha256: str, size: int) -> Entry:
    """A file whose blob in git is a pointer."""
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n"
    return Entry(path, size, sha256, git_id(pointer.encode()), True, len(pointer))


class Blobs:
    """Files of one folder, each named after its sha256."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, sha256: str) -> Path:
        return self._folder / sha256

    def __contains__(self, sha256: str) -> bool:
        return self.path(sha256).is_file()

    def put(self, chunks: Iterable[bytes]) -> tuple[str, int]:
        """Keep a content; its sha256 and its size."""
        digest, size = hashlib.sha256(), 0
        # A folder of its own goes with whatever came if the client goes away.
        with tempfile.TemporaryDirectory(dir=self._folder, prefix="part-") as folder:
            part = Path(folder) / "part"
            with part.open("wb") as file:
                for chunk in chunks:
                    digest.update(chunk)
                    size += len(chunk)
                    file.write(chunk)
            part.replace(self.path(digest.hexdigest()))
        return digest.hexdigest(), size

    def regular(self, path: str, content: bytes) -> Entry:
        """Keep the content of a file that is in git itself."""
        sha256, size = self.put([content])
        return Entry(path, size, sha256, git_id(content), False)

    def lfs(self, path: str, content: bytes) -> Entry:
        """Keep the content of an LFS file."""
        return lfs_entry(path, *self.put([content]))

    def read(self, entry: Entry) -> bytes:
        return self.path(entry.sha256).read_bytes()

    def text(self, tree: Mapping[str, Entry], path: str) -> str:
        """A file of a tree as text; nothing if it is not there."""
        return self.read(tree[path]).decode() if path in tree else ""
