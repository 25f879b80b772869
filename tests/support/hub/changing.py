"""Repos made and deleted, commits, tags."""

import base64
import json
from typing import Any

from tests.support.hub import xet
from tests.support.hub.access import commit_at, head_of, readable, signed_in, writable
from tests.support.hub.attributes import line_of, matches
from tests.support.hub.blobs import Blobs, Entry, lfs_entry
from tests.support.hub.card import trouble
from tests.support.hub.repos import Commit, Repo
from tests.support.hub.words import Answer, Refusal, Request, as_json


def _full_name(request: Request, asked: dict[str, Any]) -> str:
    owner = asked.get("organization") or signed_in(request).name
    return f"{owner}/{asked['name']}"


def create(request: Request) -> Answer:
    asked = request.json()
    name = _full_name(request, asked)
    if not signed_in(request).may_write(name.partition("/")[0]):
        raise Refusal(403, "You don't have the rights to create a dataset under this namespace")
    if asked.get("type") != "dataset":
        raise Refusal(400, "This Hub has datasets only")
    url = f"{request.hub.url}/datasets/{name}"
    if name in request.hub.repos:
        raise Refusal(409, "You already created this dataset repo", url=url)
    is_private = asked.get("visibility") == "private" or bool(asked.get("private"))
    request.hub.make(name, is_private)
    return as_json({"url": url, "name": name, "id": f"id-{name}"})


def delete(request: Request) -> Answer:
    name = _full_name(request, request.json())
    writable(request, name)
    del request.hub.repos[name]
    return Answer()


def commit(request: Request, name: str, branch: str) -> Answer:
    repo = writable(request, name)
    head = head_of(repo, branch)
    lines = [json.loads(line) for line in request.body.splitlines()]
    header = next(line["value"] for line in lines if line["key"] == "header")
    parent = header.get("parentCommit")
    if parent and not head.sha.startswith(parent):
        raise Refusal(412, "A commit has happened since. Please refresh and try again.")
    if not header.get("summary"):
        raise Refusal(400, '"summary" is not allowed to be empty')
    named = {line["value"]["oid"] for line in lines if line["key"] == "lfsFile"}
    repo.lfs |= xet.fetch(request.hub.xet_folder, named - repo.lfs, request.hub.blobs)
    tree = dict(head.tree)
    for line in lines:
        _APPLY[line["key"]](request, repo, tree, line["value"])
    _check(request, tree)
    mark_as_lfs(request.hub.blobs, tree)
    made = Commit.make(
        head,
        tree,
        header["summary"],
        message=header.get("description", ""),
        author=signed_in(request).name,
    )
    repo.add(made, branch.removeprefix("refs/heads/"))
    url = f"{request.hub.url}/datasets/{name}/commit/{made.sha}"
    return as_json({"success": True, "commitOid": made.sha, "commitUrl": url, "hookOutput": ""})


Tree = dict[str, Entry]


def _nothing(request: Request, repo: Repo, tree: Tree, value: dict) -> None:
    """The header is read before."""


def _file(request: Request, repo: Repo, tree: Tree, value: dict) -> None:
    content = value["content"]
    data = base64.b64decode(content) if value.get("encoding") == "base64" else content.encode()
    tree[value["path"]] = request.hub.blobs.regular(value["path"], data)


def _lfs_file(request: Request, repo: Repo, tree: Tree, value: dict) -> None:
    oid = value["oid"]
    if oid not in repo.lfs:
        raise Refusal(
            400,
            "Your push was rejected because an LFS pointer pointed to a file that does not exist."
            f" Offending file: {value['path']}",
        )
    size = request.hub.blobs.path(oid).stat().st_size
    if value.get("size", size) != size:
        raise Refusal(400, f"LFS file {value['path']}: expected {size} bytes, got {value['size']}")
    tree[value["path"]] = lfs_entry(value["path"], oid, size)


def _deleted_file(request: Request, repo: Repo, tree: Tree, value: dict) -> None:
    if tree.pop(value["path"], None) is None:
        message = f"A file with the name {value['path']} does not exist"
        raise Refusal(404, message, "EntryNotFound")


def _deleted_folder(request: Request, repo: Repo, tree: Tree, value: dict) -> None:
    top = value["path"].strip("/") + "/"
    gone = [path for path in tree if path.startswith(top)]
    if not gone:
        raise Refusal(404, f"A folder with the name {top} does not exist", "EntryNotFound")
    for path in gone:
        del tree[path]


_APPLY = {
    "header": _nothing,
    "file": _file,
    "lfsFile": _lfs_file,
    "deletedFile": _deleted_file,
    "deletedFolder": _deleted_folder,
}


def _check(request: Request, tree: Tree) -> None:
    """What the Hub does not take: a card that cannot be read, a file that is also a folder."""
    if message := trouble(request.hub.blobs.text(tree, "README.md")):
        raise Refusal(400, f"Invalid metadata in README.md: {message}")
    for path in tree:
        parts = path.split("/")
        for depth in range(1, len(parts)):
            if "/".join(parts[:depth]) in tree:
                raise Refusal(400, f"{'/'.join(parts[:depth])} is a file and a folder")


def mark_as_lfs(blobs: Blobs, tree: Tree) -> None:
    """What no pattern makes LFS gets a line of its own, as the Hub adds one."""
    name = ".gitattributes"
    attributes = blobs.text(tree, name)
    lines = [line_of(p) for p, e in tree.items() if e.is_lfs and not matches(p, attributes)]
    if lines:
        tree[name] = blobs.regular(name, (attributes + "".join(lines)).encode())


def make_tag(request: Request, name: str, revision: str) -> Answer:
    repo = writable(request, name)
    commit = commit_at(repo, revision)
    tag = request.json()["tag"]
    if tag in repo.tags:
        raise Refusal(409, f"Tag reference exists already: {tag}")
    repo.tags[tag] = commit
    return as_json({"success": True})


def delete_tag(request: Request, name: str, tag: str) -> Answer:
    repo = writable(request, name)
    if repo.tags.pop(tag, None) is None:
        raise Refusal(404, f"Invalid rev id: {tag}", "RevisionNotFound")
    return Answer()


def settings(request: Request, name: str) -> Answer:
    """Private or not, from now on."""
    repo = writable(request, name)
    asked = request.json()
    if "visibility" in asked or "private" in asked:
        repo.is_private = asked.get("visibility") == "private" or bool(asked.get("private"))
    return as_json({"private": readable(request, name).is_private})
