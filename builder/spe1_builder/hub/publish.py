"""``spe1.publish``: a root to a dataset at the Hub."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from spe1_builder.cells import catalogue
from spe1_builder.dataset.card.root_files import write_card
from spe1_builder.dataset.verify import VerifyReport, verify
from spe1_builder.errors import PublishError
from spe1_builder.hub.contents import RootContents, root_contents
from spe1_builder.hub.plan import Comparison, Entry, PublishPlan, compare
from spe1_builder.hub.refusals import find_leaks
from spe1_builder.hub.remote import Hub, RemoteState, open_hub
from spe1_builder.hub.sending import Commit, create, send, set_tag
from spe1_builder.layout import RootLayout
from spe1_builder.origins import Origin
from spe1_builder.paths import local_path
from spe1_builder.patience import Patience
from spe1_builder.progress import Progress, Silent

#: Of a free account (https://huggingface.co/docs/hub/storage-limits, July 2026).
FREE_PRIVATE_BYTES = 100_000_000_000


@dataclass(frozen=True)
class PublishOptions:
    """What is allowed, and how.

    Attributes
    ----------
    is_public : bool
        A dataset that is still to be created is one that everybody sees.
    allow_simulated : bool
        Cells that were not recorded may be sent.
    delete_missing : bool
        Cells at the Hub that the root lacks are taken away there.
    move_tag : bool
        The tag of the data version may leave the data that it names now.
    """

    is_public: bool = False
    allow_simulated: bool = False
    delete_missing: bool = False
    move_tag: bool = False


@dataclass(frozen=True)
class Published:
    """What came of it.

    Attributes
    ----------
    plan : PublishPlan
    commits : tuple of Commit
        Those that were made, in their order; none after a plan alone.
    head : str or None
        Commit of the dataset now.
    is_done : bool
        Whether the Hub has what the root has.
    """

    plan: PublishPlan
    commits: tuple[Commit, ...]
    head: str | None
    is_done: bool


def publish(
    root: str | Path = "spe1",
    repo: str = "",
    *,
    yes: bool = False,
    is_public: bool = False,
    allow_simulated: bool = False,
    delete_missing: bool = False,
    move_tag: bool = False,
    progress: Progress | None = None,
    patience: Patience | None = None,
) -> Published:
    """Publish a root at the Hub, one commit a cell; the same call goes on after a break.

    ``spe1.publish("spe1", "user/spe1").plan`` only plans: three requests, nothing is sent. The
    account is that of ``hf auth login``, or of ``HF_TOKEN``.

    Parameters
    ----------
    root : str or Path
        Dataset root; all of its cells.
    repo : str
        Dataset at the Hub, ``user/name``; created if it is not there.
    yes : bool
        Do it; the root's card gets the dataset's name in its examples.
    is_public : bool
        Create it as one that everybody sees; else it is private. One that is there stays as
        it is.
    allow_simulated : bool
        Send cells that were not recorded, simulated or semi-real.
    delete_missing : bool
        Take away cells at the Hub that the root lacks.
    move_tag : bool
        Let the data version's tag go from the data that it names to these.
    progress : Progress, optional
        Told of each cell's bytes.
    patience : Patience, optional
        How often, and how long, what fails is tried again.

    Returns
    -------
    Published
        The plan, and the commits that were made.

    Raises
    ------
    PublishError
        With ``yes``: something must not be published; the plan says what.
    HubError
        The Hub refuses, or does not answer. What was sent stays, and is not sent again.
    MissingFileError, OptionError
        There is no such root, or no such name.
    """
    options = PublishOptions(is_public, allow_simulated, delete_missing, move_tag)
    progress = progress or Silent()
    hub = open_hub(repo, patience, progress)
    plan = plan_publication(local_path(root, "root"), hub, options, names_repo=yes)
    if plan.is_done or not yes:
        return Published(plan, (), plan.head, plan.is_done)
    require_allowed(plan)
    commits = tuple(carry_out(hub, plan))
    head = commits[-1].sha if commits else plan.head
    return Published(plan, commits, head, is_done=True)


def plan_publication(
    root: Path, hub: Hub, options: PublishOptions, *, names_repo: bool = False
) -> PublishPlan:
    """Verify what is to be sent, look at the Hub, and say what publishing would do.

    Parameters
    ----------
    root : Path
    hub : Hub
    options : PublishOptions
    names_repo : bool
        First put the dataset's name into the examples of the root's card.
    """
    contents = root_contents(RootLayout(root))
    if names_repo:
        write_card(root, repo_id=hub.repo, progress=hub.progress)
        contents = root_contents(contents.layout)
    remote = hub.state()
    comparison = compare(contents, remote, list(catalogue()))
    has_steps = bool(comparison.steps)
    report = _verified(root, comparison, hub.progress) if has_steps else None
    refused = _refused_cells(contents, comparison, report, options)
    tag = f"v{contents.data_version}"
    is_tagged = tag in remote.tags
    is_private = remote.is_private if remote.exists else not options.is_public
    plan = PublishPlan(
        root=root,
        repo=hub.repo,
        head=remote.head,
        is_private=is_private,
        entries=tuple(
            replace(entry, state="refused", reasons=tuple(refused[entry.name]))
            if refused.get(entry.name)
            else entry
            for entry in comparison.entries
        ),
        steps=comparison.steps,
        tag=tag if not is_tagged or comparison.data_differ else None,
        moves_tag=is_tagged and comparison.data_differ,
        refusals=(),
        n_bytes_after=contents.n_bytes,
    )
    if not has_steps:
        return plan
    refusals = [*_refusals(contents, remote, comparison, report, options, plan)]
    if is_private and contents.n_bytes > FREE_PRIVATE_BYTES:
        refusals += _quota_refusal(hub, contents)
    return replace(plan, refusals=tuple(refusals))


def _verified(root: Path, comparison: Comparison, progress: Progress) -> VerifyReport:
    to_send = [entry.name for entry in comparison.entries if entry.state in ("new", "changed")]
    cells = [name for name in to_send if name in catalogue()]
    if not cells:  # what lies beside the cells is looked at in any case
        cells = [next(entry.name for entry in comparison.entries if entry.name in catalogue())]
    return verify(root, cells, progress)


def _refused_cells(
    contents: RootContents,
    comparison: Comparison,
    report: VerifyReport | None,
    options: PublishOptions,
) -> dict[str, list[str]]:
    """Reasons by cell, of those that would be sent."""
    refused: dict[str, list[str]] = {}
    for entry in comparison.entries:
        cell = contents.cells.get(entry.name)
        if cell is None or entry.state == "same":
            continue
        reasons = [
            str(f) for f in (report.findings if report is not None else ()) if f.cell == entry.name
        ]
        kind: Origin = cell.built.metadata.provenance.kind
        if kind != "recorded" and not options.allow_simulated:
            reasons.append(f"it is {kind}, not recorded: --allow-simulated sends it all the same")
        refused[entry.name] = reasons
    return refused


def _refusals(
    contents: RootContents,
    remote: RemoteState,
    comparison: Comparison,
    report: VerifyReport | None,
    options: PublishOptions,
    plan: PublishPlan,
) -> Iterator[str]:
    """Reasons that concern the whole root."""
    yield from (str(f) for f in (report.findings if report is not None else ()) if f.cell is None)
    script = f"{remote.repo.split('/')[1]}.py"
    if (contents.layout.root / script).exists():
        yield (
            f"{script}: with a file of the dataset's own name beside the data, load_dataset "
            "refuses all of it: move the file away, or take another name with --repo"
        )
    if comparison.gone and not options.delete_missing:
        yield (
            f"{', '.join(comparison.gone)}: at the Hub, but not in this root, whose card would no "
            "longer list them: fetch them first (spe1 fetch), or take them away with "
            "--delete-missing"
        )
    if plan.moves_tag and not options.move_tag:
        yield (
            f"{plan.tag}: this tag is at the Hub, on other data: whoever pinned it relies on them. "
            "Take another --repo, build with a newer data version, or give the tag to these data "
            "with --move-tag"
        )
    for path, what in find_leaks(contents):
        yield f"{path}: holds {what}: take it out, then build or write the file again"


def _quota_refusal(hub: Hub, contents: RootContents) -> list[str]:
    """Where the account is known to have too little room."""
    me = hub.ask(hub.api.whoami)
    owner = hub.repo.split("/")[0]
    if owner != me.get("name") or me.get("isPro"):
        return []  # what an organisation or a paid account has, only its owner knows
    return [
        f"{contents.n_bytes / 1e9:.0f} GB, and a free account has "
        f"{FREE_PRIVATE_BYTES / 1e9:.0f} GB for private data: publish fewer cells, openly "
        "(--public), or from a PRO account or an organisation"
    ]


def require_allowed(plan: PublishPlan) -> None:
    """Stop before a byte leaves.

    Raises
    ------
    PublishError
        The plan is refused.
    """
    if not plan.is_refused:
        return
    of_cells = [f"{entry.name}: {reason}" for entry in plan.entries for reason in entry.reasons]
    reasons = [*of_cells, *plan.refusals]
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    raise PublishError(
        "Nothing was sent: the root holds what must not be published as it is.",
        where=plan.root,
        got=f"{reasons[0]}{more}",
        do="mend what the plan says; without --yes it is shown and nothing is done",
    )


def carry_out(hub: Hub, plan: PublishPlan) -> Iterator[Commit]:
    """Create, commit, tag.

    Yields
    ------
    Commit
        As each is at the Hub; the tag follows the last.
    """
    head = plan.head or create(hub, is_private=plan.is_private)
    for commit in send(hub, plan, head):
        head = commit.sha
        yield commit
    if plan.tag is not None:
        set_tag(hub, plan.tag, head, moves=plan.moves_tag)


__all__ = ["Commit", "Entry", "PublishPlan", "Published", "publish"]
