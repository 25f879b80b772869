"""A dataset at the Hub, as one look at it tells: three requests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from spe1_builder.errors import HubAccessError, OptionError
from spe1_builder.hub.contents import LocalFile, git_sha1_of, sha256_of
from spe1_builder.hub.troubles import ask
from spe1_builder.patience import Patience
from spe1_builder.progress import Progress

if TYPE_CHECKING:
    from huggingface_hub import HfApi

BRANCH = "main"
#: Of the first look at the Hub: some ten seconds.
_FIRST_ATTEMPTS = 4
#: https://huggingface.co/docs/hub/repositories-getting-started: letters, digits, "-", "_", ".".
_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")


def require_repo(repo: Any) -> str:
    """The name of a dataset at the Hub, ``user/name``.

    Raises
    ------
    OptionError
        It is none.
    """
    if isinstance(repo, str) and _REPO.fullmatch(repo):
        return repo
    raise OptionError(
        "That is no name of a dataset at the Hub.",
        where="repo",
        expected="user/name, of letters, digits, '-', '_' and '.'",
        got=f"{repo!r:.200}",
        do="the user is your account's name, or an organisation's: --repo user/spe1",
    )


@dataclass(frozen=True)
class RemoteFile:
    """A file at the Hub: named by git's sha1 if it is small, by sha256 too if not."""

    size: int
    git_sha1: str
    sha256: str | None = None

    def is_same(self, local: LocalFile) -> bool:
        """Whether it holds the same bytes; reads the local file only if it must."""
        if self.size != local.size:
            return False
        if self.sha256 is not None:
            return self.sha256 == (local.sha256 or sha256_of(local.source))
        return self.git_sha1 == git_sha1_of(local.source)


@dataclass(frozen=True)
class RemoteState:
    """A dataset at the Hub.

    Attributes
    ----------
    repo : str
    exists : bool
    head : str or None
        Commit of its main branch.
    is_private : bool
    files : mapping of str to RemoteFile
    tags : mapping of str to str
        The commit of each.
    """

    repo: str
    exists: bool
    head: str | None
    is_private: bool
    files: Mapping[str, RemoteFile]
    tags: Mapping[str, str]

    def under(self, folder: str) -> dict[str, RemoteFile]:
        """The files in a folder, by path."""
        return {path: file for path, file in self.files.items() if path.startswith(f"{folder}/")}


@dataclass(frozen=True)
class Hub:
    """The Hub's client, and how its failures are met.

    Attributes
    ----------
    repo : str
    api : HfApi
    patience : Patience
    progress : Progress
    """

    repo: str
    api: HfApi
    patience: Patience
    progress: Progress

    def ask(self, action: Any) -> Any:
        """The answer to ``action()``; see `spe1_builder.hub.troubles.ask`."""
        return ask(action, self.repo, self.patience, self.progress)

    def state(self) -> RemoteState:
        """Look at the dataset: its head, then the files of that very commit, and its tags.

        Raises
        ------
        HubError
            The Hub does not answer, or not to this token.
        """
        from huggingface_hub.errors import RepositoryNotFoundError

        def info() -> Any:
            try:
                return self.api.repo_info(self.repo, repo_type="dataset")
            except RepositoryNotFoundError as error:
                # To the Hub 401 is also what nobody may know of; only with a token it means none.
                if error.response.status_code == 404 or self.api.token is not False:
                    return None
                raise

        # Nothing is under way yet that would be worth a long wait.
        first = replace(self.patience, attempts=min(self.patience.attempts, _FIRST_ATTEMPTS))
        found = ask(info, self.repo, first, self.progress)
        if found is None:
            self._require_token()
            return RemoteState(self.repo, False, None, True, {}, {})
        files = self.ask(lambda: self.files_of(found.sha))
        refs = self.ask(lambda: self.api.list_repo_refs(self.repo, repo_type="dataset"))
        tags = {tag.name: tag.target_commit for tag in refs.tags}
        return RemoteState(self.repo, True, found.sha, bool(found.private), files, tags)

    def files_of(self, revision: str) -> dict[str, RemoteFile]:
        """All files of a commit."""
        from huggingface_hub.hf_api import RepoFile

        tree = self.api.list_repo_tree(
            self.repo, recursive=True, revision=revision, repo_type="dataset"
        )
        return {
            entry.path: RemoteFile(
                entry.size, entry.blob_id, entry.lfs.sha256 if entry.lfs is not None else None
            )
            for entry in tree
            if isinstance(entry, RepoFile)
        }

    def head(self) -> str:
        """The commit of the main branch now."""
        info = self.ask(lambda: self.api.repo_info(self.repo, repo_type="dataset"))
        return str(info.sha)

    def _require_token(self) -> None:
        from huggingface_hub import get_token

        if get_token() is None:
            raise HubAccessError(
                "There is no such dataset at the Hub that everybody may see, and nobody is "
                "logged in.",
                where=self.repo,
                do="log in: hf auth login (or set HF_TOKEN)",
            )


def open_hub(repo: str, patience: Patience | None, progress: Progress) -> Hub:
    """The Hub as the client's own settings have it: ``HF_ENDPOINT``, ``HF_TOKEN``, its login."""
    from huggingface_hub import HfApi

    return Hub(require_repo(repo), HfApi(), patience or Patience(), progress)
