"""Who may see and change what: repos and revisions found, or refused as the Hub does."""

from tests.support.hub.repos import Commit, Repo
from tests.support.hub.words import Account, Refusal, Request


def signed_in(request: Request) -> Account:
    """The account of a request that needs one."""
    if request.account is None:
        raise Refusal(401, "Invalid username or password.")
    return request.account


def readable(request: Request, name: str) -> Repo:
    """A repo, if it is there and whoever asks may know that."""
    repo = request.hub.repos.get(name)
    account = request.account
    owner = name.partition("/")[0]
    if repo is None or (
        repo.is_private and (account is None or owner not in (account.name, *account.orgs))
    ):
        raise Refusal(404 if account else 401, "Repository not found", "RepoNotFound")
    return repo


def writable(request: Request, name: str) -> Repo:
    """A repo, if whoever asks may change it."""
    repo = readable(request, name)
    if not signed_in(request).may_write(name.partition("/")[0]):
        raise Refusal(403, "Forbidden: you don't have the rights to write to this repo")
    return repo


def commit_at(repo: Repo, revision: str) -> Commit:
    """What a revision is in a repo."""
    commit = repo.find(revision)
    if commit is None:
        raise Refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")
    return commit


def head_of(repo: Repo, branch: str) -> Commit:
    """The head of a branch, to be committed to."""
    name = branch.removeprefix("refs/heads/")
    if name not in repo.branches:
        raise Refusal(404, f"Invalid rev id: {branch}", "RevisionNotFound")
    return repo.branches[name]
