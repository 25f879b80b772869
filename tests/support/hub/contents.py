"""Contents in and out: preupload, LFS, Xet's token, resolve."""

import base64
import re
import time

from tests.support.hub.access import commit_at, head_of, readable, writable
from tests.support.hub.attributes import is_lfs
from tests.support.hub.words import Answer, Refusal, Request, as_json


def preupload(request: Request, name: str, branch: str) -> Answer:
    head = head_of(writable(request, name), branch)
    text = request.hub.blobs.text(head.tree, ".gitattributes")
    files = []
    for file in request.json()["files"]:
        lfs = is_lfs(file["path"], file["size"], base64.b64decode(file["sample"]), text)
        mode = "lfs" if lfs else "regular"
        said = {"path": file["path"], "uploadMode": mode, "shouldIgnore": False}
        if there := head.tree.get(file["path"]):
            said["oid"] = there.etag
        files.append(said)
    return as_json({"files": files, "commitOid": head.sha})


def batch(request: Request, name: str) -> Answer:
    """Where to put each content; nowhere if the repo has it."""
    repo = writable(request, name)
    hub, objects = request.hub, []
    for asked in request.json()["objects"]:
        said = {"oid": asked["oid"], "size": asked["size"]}
        if asked["oid"] not in repo.lfs:
            upload = {"href": f"{hub.url}/lfs/{name}/{asked['oid']}", "header": {}}
            verify = {"href": f"{hub.url}/datasets/{name}.git/info/lfs/objects/verify"}
            said |= {"authenticated": True, "actions": {"upload": upload, "verify": verify}}
        objects.append(said)
    kind = {"Content-Type": "application/vnd.git-lfs+json"}
    return as_json({"transfer": "basic", "objects": objects}, headers=kind)


def put(request: Request, name: str, oid: str) -> Answer:
    """A content, of whoever knows the address, as at the store behind the Hub."""
    assert request.put is not None
    sha256, _ = request.put
    if sha256 != oid:
        raise Refusal(400, f"XAmzContentSHA256Mismatch: {oid} was announced, {sha256} came")
    request.hub.repos[name].lfs.add(oid)
    return Answer(headers={"ETag": f'"{oid}"'})


def verify(request: Request, name: str) -> Answer:
    repo, asked = writable(request, name), request.json()
    if asked["oid"] not in repo.lfs:
        raise Refusal(404, f"Object {asked['oid']} is not there")
    if request.hub.blobs.path(asked["oid"]).stat().st_size != asked["size"]:
        raise Refusal(400, f"Object {asked['oid']} has another size")
    return as_json({})


def xet_token(request: Request, name: str, kind: str, revision: str) -> Answer:
    """Leave to use the Xet store, which is a folder."""
    repo = writable(request, name) if kind == "write" else readable(request, name)
    commit_at(repo, revision)
    url, ends = request.hub.xet_url, int(time.time()) + 3600
    headers = {
        "X-Xet-Cas-Url": url,
        "X-Xet-Access-Token": "xet_test",
        "X-Xet-Token-Expiration": str(ends),
    }
    return as_json({"casUrl": url, "exp": ends, "accessToken": "xet_test"}, headers=headers)


def resolve(request: Request, name: str, revision: str, path: str) -> Answer:
    """A file, or a range of it."""
    commit = commit_at(readable(request, name), revision)
    entry = commit.tree.get(path)
    at = {"X-Repo-Commit": commit.sha}
    if entry is None:
        raise Refusal(404, "Entry not found", "EntryNotFound", at)
    headers = {
        **at,
        "ETag": f'"{entry.etag}"',
        "Accept-Ranges": "bytes",
        "Content-Type": "application/octet-stream",
    }
    if entry.is_lfs:
        headers |= {"X-Linked-Size": str(entry.size), "X-Linked-Etag": f'"{entry.sha256}"'}
    file = request.hub.blobs.path(entry.sha256)
    start, stop = byte_range(request.headers.get("Range"), entry.size)
    if (start, stop) == (0, entry.size):
        return Answer(200, b"", headers, file, 0, entry.size)
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{entry.size}"
    return Answer(206, b"", headers, file, start, stop - start)


def byte_range(header: str | None, size: int) -> tuple[int, int]:
    """First byte, and the one after the last."""
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", header or "")
    if found is None or not any(found.groups()):
        return 0, size
    first, last = found.groups()
    if not first:
        return max(size - int(last), 0), size
    start, stop = int(first), min(int(last) + 1, size) if last else size
    if start >= size:
        size_only = {"Content-Range": f"bytes */{size}"}
        raise Refusal(416, "Range not satisfiable", headers=size_only)
    return start, stop
