"""``spe1 publish``: a root to a dataset at the Hub, shown first, done with --yes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spe1_builder.cli.arguments import Root
from spe1_builder.cli.console import (
    Column,
    console_width,
    plural,
    print_columns,
    report,
    say,
    size_text,
    this_screen,
    warn,
)
from spe1_builder.cli.roots import require_root
from spe1_builder.progress import Bars

if TYPE_CHECKING:
    from spe1_builder.hub.plan import PublishPlan
    from spe1_builder.hub.publish import PublishOptions


def publish(
    repo: Annotated[str, typer.Option("--repo", help="Dataset at the Hub: user/name.")],
    root: Root = Path("spe1"),
    yes: Annotated[
        bool, typer.Option("--yes", metavar="", help="Do it; without, only the plan is shown.")
    ] = False,
    public: Annotated[
        bool,
        typer.Option(
            "--public", metavar="", help="A new dataset is one that everybody sees, not private."
        ),
    ] = False,
    allow_simulated: Annotated[
        bool,
        typer.Option(
            "--allow-simulated", metavar="", help="Also cells that are simulated or semi-real."
        ),
    ] = False,
    delete_missing: Annotated[
        bool,
        typer.Option(
            "--delete-missing", metavar="", help="Take away cells at the Hub that the root lacks."
        ),
    ] = False,
    move_tag: Annotated[
        bool,
        typer.Option(
            "--move-tag",
            metavar="",
            help="Give the data version's tag to these data, though it names others.",
        ),
    ] = False,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            metavar="",
            help="Compare what is published with the root, and load it back; sends nothing.",
        ),
    ] = False,
) -> None:
    """Publish the root at the Hub: one commit a cell, private unless --public, resumable.

    The account is that of 'hf auth login', or of HF_TOKEN.
    """
    from spe1_builder.hub.publish import PublishOptions

    require_root(root, "publish")
    if check:
        _check(root, repo)
        return
    options = PublishOptions(public, allow_simulated, delete_missing, move_tag)
    _publish(root, repo, options, yes=yes)


def _publish(root: Path, repo: str, options: PublishOptions, *, yes: bool) -> None:
    from spe1_builder.hub.publish import carry_out, plan_publication, require_allowed
    from spe1_builder.hub.remote import open_hub

    hub = open_hub(repo, None, Bars())
    plan = plan_publication(root, hub, options, names_repo=yes)
    _show(plan)
    if plan.is_done:
        say(f"{repo}: nothing to do, it has what {root} has")
        return
    if not yes:
        if plan.is_refused:
            raise typer.Exit(1)
        say("nothing was sent; --yes does it")
        return
    require_allowed(plan)
    n_commits = 0
    for commit in carry_out(hub, plan):
        n_commits += 1
        report(
            f"{commit.sha[:12]}  {commit.title}: {_amount(commit.n_files, commit.n_bytes)}",
            commit=commit.sha,
            title=commit.title,
            files=commit.n_files,
            bytes=commit.n_bytes,
        )
    named = f", tag {plan.tag}" if plan.tag else ""
    say(f"{hub.api.endpoint}/datasets/{repo}: {plural(n_commits, 'commit')}{named}")
    say(f"to hold it to the root: spe1 publish --root {root} --repo {repo} --check")


def _show(plan: PublishPlan) -> None:
    kind = "private" if plan.is_private else "public"
    say(f"{plan.repo}: {'to be created, ' if plan.creates else ''}{kind}")
    entries = plan.entries
    print_columns(
        [
            Column("what", [entry.name for entry in entries], is_left=True),
            Column("state", [entry.state for entry in entries], is_left=True),
            Column("files", [_count(entry.n_files) for entry in entries]),
            Column(
                "size", [size_text(entry.n_bytes) if entry.n_bytes else "" for entry in entries]
            ),
            Column("to delete", [_count(entry.n_deleted) for entry in entries]),
        ],
        console_width(),
    )
    this_screen().results.extend(entry.as_dict() for entry in entries)
    this_screen().results.append(plan.totals())
    for entry in entries:
        for reason in entry.reasons:
            warn(f"refused: {entry.name}: {reason}")
    for reason in plan.refusals:
        warn(f"refused: {reason}")
    tag = f", {'move' if plan.moves_tag else 'set'} tag {plan.tag}" if plan.tag else ""
    say(
        f"{plural(len(plan.steps), 'commit')}, {_amount(plan.n_files, plan.n_bytes)}{tag}; "
        f"{size_text(plan.n_bytes_after)} in all"
    )


def _check(root: Path, repo: str) -> None:
    from spe1_builder.hub.check import check_published

    found = check_published(root, repo, progress=Bars())
    for finding in found.findings:
        report(str(finding), cell=finding.cell, where=finding.where, finding=finding.what)
    if not found:
        raise typer.Exit(1)
    tags = f" ({', '.join(found.tags)})" if found.tags else ""
    say(
        f"{repo} at {found.head[:12]}{tags}: {_amount(found.n_files, found.n_bytes)}, each "
        f"with the root's hash; loaded back: {', '.join(found.loaded)}"
    )


def _count(number: int) -> str:
    return f"{number:,}" if number else ""


def _amount(n_files: int, n_bytes: int) -> str:
    return f"{plural(n_files, 'file')}, {size_text(n_bytes)}"
