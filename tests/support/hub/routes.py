"""Which function answers which request, and of which stage it is."""

import re
from dataclasses import dataclass

from tests.support.hub import card, changing, contents, looking
from tests.support.hub.words import Route

#: Clients also ask for a name without an owner, of which there is none here.
_REPO = "(?P<name>[^/]+(?:/[^/]+)?)"


@dataclass(frozen=True)
class Rule:
    """One kind of request."""

    method: str
    path: re.Pattern
    stage: str
    route: Route


def _rule(method: str, path: str, stage: str, route: Route) -> Rule:
    """A pattern of words in braces; the last one may have slashes if it ends in ``*``."""
    pattern = path.replace("{repo}", _REPO)
    pattern = re.sub(r"\{(\w+)\*\}", r"(?P<\1>.+)", pattern)
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
    return Rule(method, re.compile(pattern), stage, route)


_API = "/api/datasets/{repo}"
RULES = (
    _rule("POST", "/api/repos/create", "create", changing.create),
    _rule("DELETE", "/api/repos/delete", "delete", changing.delete),
    _rule("PUT", f"{_API}/settings", "settings", changing.settings),
    _rule("GET", "/api/whoami-v2", "whoami", looking.whoami),
    _rule("POST", "/api/validate-yaml", "validate", card.validate),
    _rule("GET", _API, "info", looking.info),
    _rule("GET", f"{_API}/revision/{{revision}}", "info", looking.info),
    _rule("GET", f"{_API}/refs", "refs", looking.refs),
    _rule("GET", f"{_API}/tree/{{revision}}", "tree", looking.tree),
    _rule("GET", f"{_API}/tree/{{revision}}/{{top*}}", "tree", looking.tree),
    _rule("POST", f"{_API}/paths-info/{{revision}}", "paths", looking.paths_info),
    _rule("GET", f"{_API}/commits/{{revision}}", "commits", looking.commits),
    _rule("POST", f"{_API}/preupload/{{branch}}", "preupload", contents.preupload),
    _rule("POST", "/datasets/{repo}.git/info/lfs/objects/batch", "batch", contents.batch),
    _rule("POST", "/datasets/{repo}.git/info/lfs/objects/verify", "verify", contents.verify),
    _rule("PUT", "/lfs/{repo}/{oid}", "put", contents.put),
    _rule("POST", f"{_API}/commit/{{branch}}", "commit", changing.commit),
    _rule("POST", f"{_API}/tag/{{revision}}", "tag", changing.make_tag),
    _rule("DELETE", f"{_API}/tag/{{tag}}", "tag", changing.delete_tag),
    _rule("GET", f"{_API}/xet-{{kind}}-token/{{revision}}", "xet_token", contents.xet_token),
    _rule("GET", "/datasets/{repo}/resolve/{revision}/{path*}", "resolve", contents.resolve),
    _rule("HEAD", "/datasets/{repo}/resolve/{revision}/{path*}", "resolve", contents.resolve),
)
