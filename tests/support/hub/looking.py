"""What is in a repo: info, refs, tree, paths, commits."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode

from tests.support.hub.access import commit_at, readable, signed_in
from tests.support.hub.blobs import Entry
from tests.support.hub.card import front_matter
from tests.support.hub.repos import Commit
from tests.support.hub.words import Answer, Refusal, Request, as_json


def whoami(request: Request) -> Answer:
    account = signed_in(request)
    return as_json(
        {
            "type": account.type,
            "id": f"id-{account.name}",
            "name": account.name,
            "fullname": account.name,
            "isPro": account.is_pro,
            "orgs": [{"type": "org", "name": name, "roleInOrg": "write"} for name in account.orgs],
            "auth": {
                "type": "access_token",
                "accessToken": {"displayName": "test", "role": account.role},
            },
        }
    )


def _date(commit: Commit) -> str:
    return commit.date.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def info(request: Request, name: str, revision: str = "main") -> Answer:
    """All of a repo; with ``expand``, what that says."""
    repo = readable(request, name)
    commit = commit_at(repo, revision)
    first = next(iter(repo.commits.values()))
    every: dict[str, Any] = {
        "author": name.partition("/")[0],
        "sha": commit.sha,
        "lastModified": _date(commit),
        "createdAt": _date(first),
        "private": repo.is_private,
        "gated": False,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "tags": [],
        "cardData": front_matter(request.hub.blobs.text(commit.tree, "README.md")),
        "siblings": [_sibling(e, request.flag("blobs")) for e in commit.tree.values()],
        "usedStorage": sum(request.hub.blobs.path(sha).stat().st_size for sha in repo.lfs),
    }
    wanted = request.query.get("expand", []) + request.query.get("expand[]", [])
    shown = {key: every[key] for key in wanted if key in every} if wanted else every
    return as_json({"_id": f"id-{name}", "id": name, **shown})


def _sibling(entry: Entry, with_blobs: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {"rfilename": entry.path}
    if with_blobs:
        shown |= {"size": entry.size, "blobId": entry.oid}
        if entry.is_lfs:
            lfs = {"sha256": entry.sha256, "size": entry.size, "pointerSize": entry.pointer_size}
            shown["lfs"] = lfs
    return shown


def refs(request: Request, name: str) -> Answer:
    repo = readable(request, name)

    def shown(kind: str, commits: Mapping[str, Commit]) -> list[dict[str, str]]:
        return [
            {"name": ref, "ref": f"refs/{kind}/{ref}", "targetCommit": commit.sha}
            for ref, commit in commits.items()
        ]

    branches, tags = shown("heads", repo.branches), shown("tags", repo.tags)
    return as_json({"branches": branches, "tags": tags, "converts": [], "pullRequests": []})


def _shown(entry: Entry) -> dict[str, Any]:
    shown: dict[str, Any] = {"type": "file", "oid": entry.oid, "size": entry.size}
    if entry.is_lfs:
        size = {"size": entry.size, "pointerSize": entry.pointer_size}
        shown["lfs"] = {"oid": entry.sha256, **size}
    return shown | {"path": entry.path}


def _items(commit: Commit, top: str, recursive: bool) -> dict[str, dict[str, Any]]:
    """Files and folders below one, by path."""
    prefix = f"{top}/" if top else ""
    items = {}
    for path, entry in commit.tree.items():
        if not path.startswith(prefix):
            continue
        parts = path.removeprefix(prefix).split("/")
        n_folders = len(parts) - 1 if recursive else min(len(parts) - 1, 1)
        for depth in range(1, n_folders + 1):
            items[prefix + "/".join(parts[:depth])] = _folder(prefix + "/".join(parts[:depth]))
        if recursive or len(parts) == 1:
            items[path] = _shown(entry)
    return items


def _folder(path: str) -> dict[str, Any]:
    return {"type": "directory", "oid": "0" * 40, "size": 0, "path": path}


def _with_commit(item: dict[str, Any], commit: Commit) -> dict[str, Any]:
    last = commit.last_change(item["path"])
    return item | {"lastCommit": {"id": last.sha, "title": last.title, "date": _date(last)}}


def tree(request: Request, name: str, revision: str, top: str = "") -> Answer:
    commit = commit_at(readable(request, name), revision)
    top = top.strip("/")
    items = list(_items(commit, top, request.flag("recursive")).values())
    if top and not items:
        raise Refusal(404, f'{top} does not exist on "{revision}"', "EntryNotFound")
    page, headers = _page(request, items, small=request.flag("expand"))
    if request.flag("expand"):
        page = [_with_commit(item, commit) for item in page]
    return as_json(page, headers=headers)


def _page(request: Request, items: list, small: bool = False) -> tuple[list, dict[str, str]]:
    """The items of one answer, and the link to the next."""
    start = int(request.query.get("cursor", ["0"])[0])
    size = min(request.hub.page_size, 50 if small else 1000)
    stop = start + min(size, int(request.query.get("limit", [str(size)])[0]))
    if stop >= len(items):
        return items[start:], {}
    query = dict(request.query) | {"cursor": [str(stop)]}
    url = f"{request.hub.url}{request.path}?{urlencode(query, doseq=True)}"
    return items[start:stop], {"Link": f'<{url}>; rel="next"'}


def paths_info(request: Request, name: str, revision: str) -> Answer:
    commit = commit_at(readable(request, name), revision)
    if request.headers.get("Content-Type", "").startswith("application/json"):
        form = request.json()
        paths, expand = form["paths"], bool(form.get("expand"))
    else:
        fields = parse_qs(request.body.decode())
        paths, expand = fields.get("paths", []), fields.get("expand", [""])[0].lower() == "true"
    items = []
    for path in (path.strip("/") for path in paths):
        if path in commit.tree:
            items.append(_shown(commit.tree[path]))
        elif any(other.startswith(f"{path}/") for other in commit.tree):
            items.append(_folder(path))
    return as_json([_with_commit(item, commit) if expand else item for item in items])


def commits(request: Request, name: str, revision: str) -> Answer:
    commit = commit_at(readable(request, name), revision)
    items = [
        {
            "id": one.sha,
            "title": one.title,
            "message": one.message,
            "authors": [{"user": one.author}],
            "date": _date(one),
        }
        for one in commit.line()
    ]
    page, headers = _page(request, items, small=True)
    return as_json(page, headers=headers)
