"""The bytes of one tiny simulated cell, as hashes; ``make golden`` records them anew."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

from spe1_builder.constants import DATA_VERSION
from spe1_builder.dataset.write.build import build_cell
from spe1_builder.layout import METADATA_NAME, QUICKLOOK_NAME
from spe1_builder.source.simulation.archive import simulate
from spe1_builder.versions import installed_versions
from tests.support.project import PROJECT
from tests.support.recordings import SIMULATION, SMALL, Archive

GOLDEN = PROJECT / "tests" / "dataset" / "golden.json"
#: What decides the bytes beside our own code.
_PACKAGES = ("numpy", "scipy", "pyarrow", "numba", "llvmlite")


def hashes(folder: Path) -> dict[str, str]:
    """sha256 of every file of a cell but the picture, whose bytes are matplotlib's.

    Of the metadata, what tells of this machine's software is left out, and with the picture's
    hash the seal.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not path.is_file() or name == QUICKLOOK_NAME:
            continue
        content = path.read_bytes()
        if name == METADATA_NAME:
            document = json.loads(content)
            del document["provenance"]["versions"], document["provenance"]["spe1_version"]
            del document["seal"]
            document["files"] = [
                file for file in document["files"] if file["path"] != QUICKLOOK_NAME
            ]
            content = json.dumps(document, indent=1).encode()
        found[name] = hashlib.sha256(content).hexdigest()
    return found


def mark() -> str:
    """The mark in the names of the golden cell's shards."""
    files = json.loads(GOLDEN.read_text(encoding="utf-8"))["files"]
    return next(name for name in files if name.endswith(".arrow")).split("-")[1]


def judge(golden: dict[str, Any], found: dict[str, str], data_version: str) -> str | None:
    """What is wrong with the bytes, and what to do; None if they are those recorded."""
    changed = sorted(
        name
        for name in golden["files"].keys() | found.keys()
        if golden["files"].get(name) != found.get(name)
    )
    if data_version != golden["data_version"]:
        return (
            f"DATA_VERSION is {data_version}, and the recorded bytes are of "
            f"{golden['data_version']} ({len(changed)} files differ): make golden"
        )
    if not changed:
        return None
    return (
        f"A built cell has other bytes than before, under the same DATA_VERSION {data_version}: "
        f"{', '.join(changed)}.\nIf that is not meant, mend it. If it is, raise DATA_VERSION in "
        "spe1_builder/constants.py, so that cells built before count as stale (patch: the same "
        "data, only metadata differ; minor: something is added; major: a reader sees other "
        "bytes of what was there), say so in CHANGELOG.md, then: make golden.\nRecorded with "
        f"{golden['versions']}, run with {installed_versions(_PACKAGES)}."
    )


def record() -> None:
    """Build the cell and write its hashes into the checkout."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        truths = simulate(folder / "raw", ["c14", "c5"], SIMULATION).truths
        archive = Archive(folder / "raw", truths[0])
        result = build_cell("c14", archive.sources, folder / "spe1", SMALL)
        document = {
            "data_version": DATA_VERSION,
            "versions": installed_versions(_PACKAGES),
            "files": hashes(result.folder),
        }
    GOLDEN.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    record()
