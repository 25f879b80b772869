"""Repos: trees that never change, commits on branches, tags."""

import datetime
import hashlib
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from tests.support.hub.blobs import Entry

#: One second a commit, so that dates are in order and the same in every run.
_FIRST_DATE = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
_serial = itertools.count()


@dataclass(frozen=True)
class Commit:
    """One state of a branch.

    Attributes
    ----------
    sha : str
    title, message : str
    author : str
    date : datetime.datetime
    parent : Commit or None
    tree : mapping of str to Entry
    """

    sha: str
    title: str
    message: str
    author: str
    date: datetime.datetime
    parent: "Commit | None"
    tree: Mapping[str, Entry]

    @classmethod
    def make(
        cls,
        parent: "Commit | None",
        tree: Mapping[str, Entry],
        title: str,
        *,
        message: str = "",
        author: str = "",
    ) -> "Commit":
        serial = next(_serial)
        words = [parent.sha if parent else "", title, message, author, str(serial)]
        words += [f"{path} {tree[path].oid}" for path in sorted(tree)]
        return cls(
            sha=hashlib.sha1("\n".join(words).encode()).hexdigest(),
            title=title,
            message=message,
            author=author,
            date=_FIRST_DATE + datetime.timedelta(seconds=serial),
            parent=parent,
            tree=MappingProxyType({path: tree[path] for path in sorted(tree)}),
        )

    def line(self) -> "Iterator[Commit]":
        """This commit, its parent, and so on."""
        commit: Commit | None = self
        while commit is not None:
            yield commit
            commit = commit.parent

    def last_change(self, path: str) -> "Commit":
        """The commit that a path, or what lies below it, comes from."""

        def state(commit: Commit) -> list[str]:
            return [e.oid for p, e in commit.tree.items() if p == path or p.startswith(f"{path}/")]

        now = state(self)
        for commit in self.line():
            if commit.parent is None or state(commit.parent) != now:
                return commit
        raise AssertionError("a line of commits has a first one")


@dataclass
class Repo:
    """A dataset repo: what its refs point to.

    Attributes
    ----------
    name : str
        ``owner/name``.
    is_private : bool
    branches, tags : dict of str to Commit
    commits : dict of str to Commit
        All that there were, in their order.
    lfs : set of str
        sha256 of each content that was uploaded to it, committed or not.
    """

    name: str
    is_private: bool
    branches: dict[str, Commit] = field(default_factory=dict)
    tags: dict[str, Commit] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)
    lfs: set[str] = field(default_factory=set)

    def add(self, commit: Commit, branch: str = "main") -> None:
        self.commits[commit.sha] = commit
        self.branches[branch] = commit

    def find(self, revision: str) -> Commit | None:
        """A branch, a tag, a commit, or a commit by its first digits."""
        name = revision.removeprefix("refs/heads/").removeprefix("refs/tags/")
        if found := self.branches.get(name) or self.tags.get(name):
            return found
        if re.fullmatch("[0-9a-f]{7,40}", revision):
            for sha, commit in self.commits.items():
                if sha.startswith(revision):
                    return commit
        return None
