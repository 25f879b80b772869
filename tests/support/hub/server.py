"""The Hub itself: starts, answers, and says what happened."""

import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from tests.support.hub.attributes import DEFAULT, is_lfs
from tests.support.hub.blobs import Blobs, Entry
from tests.support.hub.changing import mark_as_lfs
from tests.support.hub.faults import Faults
from tests.support.hub.handler import Handler
from tests.support.hub.repos import Commit, Repo
from tests.support.hub.words import Account

TOKEN = "hf_of_the_tester"


class Seen(NamedTuple):
    """A request as it was answered; status 0 if the connection broke instead."""

    method: str
    path: str
    status: int


class Files(Mapping[str, bytes]):
    """The files of a tree, each read when it is asked for."""

    def __init__(self, tree: Mapping[str, Entry], blobs: Blobs) -> None:
        self.entries = tree
        self._blobs = blobs

    def __getitem__(self, path: str) -> bytes:
        return self._blobs.read(self.entries[path])

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)


class Hub:
    """A Hub on loopback; use it as a context.

    Parameters
    ----------
    folder : Path, optional
        Where contents are kept; a temporary one that is deleted at the end unless given.

    Attributes
    ----------
    accounts : dict of str to Account
        By token; `TOKEN` is that of the user "tester".
    repos : dict of str to Repo
    faults : Faults
    requests : list of Seen
        In the order of their answers, each in before its answer goes out; without what clients
        ask by the way (telemetry).
    stages : list of str
        The stage of each of them (`faults.STAGES`), "" for what the Hub does not know.
    waits_s : list of float
        What the client would have waited before it tried again, with `client.pointed_at`.
    page_size : int
        Most items of one answer.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._is_ours = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="hub-"))
        self.blobs = Blobs(self.folder / "blobs")
        self.xet_folder = self.folder / "xet"
        self.xet_folder.mkdir(exist_ok=True)
        self.accounts: dict[str, Account] = {TOKEN: Account("tester")}
        self.repos: dict[str, Repo] = {}
        self.faults = Faults()
        self.requests: list[Seen] = []
        self.stages: list[str] = []
        self.waits_s: list[float] = []
        self.page_size = 1000
        self.lock = threading.RLock()
        self.closing = threading.Event()

    def __enter__(self) -> "Hub":
        handler = type("HubHandler", (Handler,), {"hub": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.closing.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()
        if self._is_ours:
            shutil.rmtree(self.folder)

    @property
    def url(self) -> str:
        """What ``HF_ENDPOINT`` is."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def xet_url(self) -> str:
        """Where hf_xet puts what it uploads."""
        return f"local://{self.xet_folder}"

    # --- what happened ---------------------------------------------------------
    def saw(self, method: str, path: str, status: int, stage: str) -> None:
        with self.lock:
            self.requests.append(Seen(method, path, status))
            self.stages.append(stage)

    def count(self, stage: str) -> int:
        """How many requests of a stage came."""
        return self.stages.count(stage)

    def forget_requests(self) -> None:
        """Count from here on."""
        with self.lock:
            self.requests.clear()
            self.stages.clear()

    def head(self, repo: str, branch: str = "main") -> str:
        """The sha of the last commit of a branch."""
        return self.repos[repo].branches[branch].sha

    def files(self, repo: str, revision: str = "main") -> Files:
        """The files of a branch, a tag or a commit, by path."""
        commit = self.repos[repo].find(revision)
        if commit is None:
            raise KeyError(revision)
        return Files(commit.tree, self.blobs)

    def history(self, repo: str, branch: str = "main") -> list[Commit]:
        """The commits of a branch with their trees, the last one first."""
        return list(self.repos[repo].branches[branch].line())

    def tags(self, repo: str) -> dict[str, str]:
        """The sha that each tag points to."""
        return {tag: commit.sha for tag, commit in self.repos[repo].tags.items()}

    # --- what others do --------------------------------------------------------
    def make(self, repo: str, is_private: bool = False) -> Repo:
        """A new repo with its first commit."""
        with self.lock:
            made = self.repos[repo] = Repo(repo, is_private)
            tree = {".gitattributes": self.blobs.regular(".gitattributes", DEFAULT)}
            made.add(Commit.make(None, tree, "initial commit", author=repo.partition("/")[0]))
            return made

    def commit(self, repo: str, files: Mapping[str, bytes | None], title: str = "By hand") -> str:
        """Change files as someone else would, None to delete; the sha of the commit."""
        with self.lock:
            made = self.repos[repo]
            tree = dict(made.branches["main"].tree)
            attributes = self.blobs.text(tree, ".gitattributes")
            for path, content in files.items():
                if content is None:
                    del tree[path]
                elif is_lfs(path, len(content), content[:512], attributes):
                    tree[path] = self.blobs.lfs(path, content)
                    made.lfs.add(tree[path].sha256)
                else:
                    tree[path] = self.blobs.regular(path, content)
            mark_as_lfs(self.blobs, tree)
            made.add(Commit.make(made.branches["main"], tree, title, author="someone"))
            return made.branches["main"].sha
