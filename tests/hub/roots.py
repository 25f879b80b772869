"""Roots to publish, and what the Hub must have of them."""

import hashlib
import os
import shutil
from dataclasses import replace
from pathlib import Path

from spe1_builder.hub.contents import root_contents
from spe1_builder.layout import RootLayout
from spe1_builder.patience import Patience
from tests.support.recordings import SMALL

REPO = "tester/spe1"
#: Three rows.
SHORT = replace(SMALL, duration_s=0.8)
#: Waits of no length.
AT_ONCE = Patience(attempts=4, sleep=lambda seconds: None)


def own_copy(root: Path, parent: Path) -> Path:
    """A root of one's own: links, to be replaced rather than written into."""
    target = parent / "spe1"
    shutil.copytree(root, target, copy_function=os.link)
    return target


def expected_files(root: Path) -> dict[str, str]:
    """sha256 of what the Hub is to have, by path."""
    return {
        file.path: hashlib.sha256(file.source.read_bytes()).hexdigest()
        for file in root_contents(RootLayout(root)).files()
    }


def hub_files(hub, revision: str = "main", repo: str = REPO) -> dict[str, str]:
    """sha256 of what the Hub has, without the file that it makes itself."""
    files = hub.files(repo, revision)
    return {
        path: hashlib.sha256(files[path]).hexdigest() for path in files if path != ".gitattributes"
    }
