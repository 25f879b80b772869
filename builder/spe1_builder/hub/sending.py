"""The commits of a plan, one after the other; each is at the Hub whole, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spe1_builder.errors import HubConflictError
from spe1_builder.hub.contents import LocalFile
from spe1_builder.hub.plan import PublishPlan, Step
from spe1_builder.hub.remote import BRANCH, Hub
from spe1_builder.progress import stage

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd

#: Files of one commit that are sent at once.
_N_THREADS = 2


@dataclass(frozen=True)
class Commit:
    """A commit that was made.

    Attributes
    ----------
    title : str
    sha : str
    n_files, n_bytes : int
    """

    title: str
    sha: str
    n_files: int
    n_bytes: int


def create(hub: Hub, *, is_private: bool) -> str:
    """Create the dataset; its first commit.

    Raises
    ------
    HubError
        It cannot be created.
    """
    from huggingface_hub.errors import HfHubHTTPError

    tried = False

    def once() -> None:
        nonlocal tried
        try:
            # Not exist_ok: it takes "you may not" for "it is there".
            hub.api.create_repo(hub.repo, repo_type="dataset", private=is_private)
        except HfHubHTTPError as error:
            # After an answer that was lost, it is there because we made it.
            if not (tried and error.response.status_code == 409):
                raise
        finally:
            tried = True

    hub.ask(once)
    return hub.head()


def send(hub: Hub, plan: PublishPlan, head: str) -> Iterator[Commit]:
    """Make the plan's commits.

    Parameters
    ----------
    hub : Hub
    plan : PublishPlan
    head : str
        Commit that they go on from.

    Yields
    ------
    Commit
        As each is at the Hub.

    Raises
    ------
    HubError
        One cannot be made; what was yielded stays.
    """
    for step in plan.steps:
        sha = _commit(hub, step, head)
        # A file may turn out to be there already, and nothing is left to commit.
        if sha != head:
            yield Commit(step.title, sha, len(step.files), step.n_bytes)
        head = sha


def _commit(hub: Hub, step: Step, parent: str) -> str:
    additions = _upload(hub, step)
    tried = False

    def once() -> str:
        nonlocal tried
        if tried:  # its answer may have been lost
            head = hub.head()
            if head != parent:
                return _require_arrived(hub, step, head)
        tried = True
        try:
            made = hub.api.create_commit(
                hub.repo,
                [*additions, *_deletions(step)],
                commit_message=step.title,
                repo_type="dataset",
                revision=BRANCH,
                num_threads=_N_THREADS,
                parent_commit=parent,
            )
        except Exception as error:
            if getattr(getattr(error, "response", None), "status_code", None) == 412:
                return _require_arrived(hub, step, hub.head())
            raise
        return str(made.oid)

    sha: str = hub.ask(once)
    return sha


def _upload(hub: Hub, step: Step) -> list[CommitOperationAdd]:
    """Send what the Hub keeps apart from its commits; what it has is not sent again."""
    from huggingface_hub import CommitOperationAdd

    additions = []
    name = step.files[0].path.split("/")[0] if step.deleted or len(step.files) > 2 else "card"
    with _no_bars_of_the_client(), stage(hub.progress, f"send {name}", step.n_bytes, "B"):
        for file in step.files:
            addition = CommitOperationAdd(file.path, str(file.source))
            hub.ask(lambda addition=addition: _preupload(hub, addition))
            additions.append(addition)
            hub.progress.advance(file.size)
    return additions


def _preupload(hub: Hub, addition: CommitOperationAdd) -> None:
    hub.api.preupload_lfs_files(
        hub.repo,
        [addition],
        repo_type="dataset",
        revision=BRANCH,
        num_threads=_N_THREADS,
        free_memory=False,
    )


def _deletions(step: Step) -> list[Any]:
    from huggingface_hub import CommitOperationDelete

    return [CommitOperationDelete(path, is_folder=path.endswith("/")) for path in step.deleted]


def _require_arrived(hub: Hub, step: Step, head: str) -> str:
    """The head, if it has what the step was to bring.

    Raises
    ------
    HubConflictError
        It has not: it is somebody else's.
    """
    there = hub.ask(lambda: hub.files_of(head))
    arrived = all(_has(there.get(file.path), file) for file in step.files) and not any(
        path == gone or (gone.endswith("/") and path.startswith(gone))
        for gone in step.deleted
        for path in there
    )
    if arrived:
        return head
    raise HubConflictError(
        "Somebody else changed the dataset at the Hub meanwhile.",
        where=hub.repo,
        got=f"commit {head[:12]}, which is not ours",
        do="wait until they are done, then run the same command again: it plans anew",
    )


def _has(there: Any, file: LocalFile) -> bool:
    return there is not None and there.is_same(file)


def set_tag(hub: Hub, tag: str, sha: str, *, moves: bool) -> None:
    """Give a commit a name; an answer that was lost is looked for.

    Raises
    ------
    HubError
        It cannot be set, or is another commit's.
    """
    from huggingface_hub.errors import HfHubHTTPError

    if moves:

        def remove() -> None:
            try:
                hub.api.delete_tag(hub.repo, tag=tag, repo_type="dataset")
            except HfHubHTTPError as error:
                if error.response.status_code != 404:  # gone already
                    raise

        hub.ask(remove)

    def once() -> None:
        try:
            hub.api.create_tag(hub.repo, tag=tag, revision=sha, repo_type="dataset")
        except HfHubHTTPError as error:
            if error.response.status_code != 409 or _commit_of(hub, tag) != sha:
                raise

    hub.ask(once)


def _commit_of(hub: Hub, tag: str) -> str | None:
    refs = hub.api.list_repo_refs(hub.repo, repo_type="dataset")
    return next((found.target_commit for found in refs.tags if found.name == tag), None)


@contextmanager
def _no_bars_of_the_client() -> Iterator[None]:
    """Ours are drawn."""
    from huggingface_hub.utils import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    was_off = are_progress_bars_disabled()
    if not was_off:
        disable_progress_bars()
    try:
        yield
    finally:
        if not was_off:
            enable_progress_bars()
