"""A data set on the Hub at one commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Snapshot:
    """What a data set has at one commit.

    Attributes
    ----------
    repo : str
    commit : str
    sizes : mapping of str to int
        Of every file, by path; 0 where it is not known.
    """

    repo: str
    commit: str
    sizes: Mapping[str, int]


def find_snapshot(repo: str, revision: str | None) -> Snapshot:
    """The commit that a revision is now, and its files; raises what the Hub's client does."""
    from huggingface_hub import HfApi

    info = HfApi(library_name="spe1").dataset_info(repo, revision=revision, files_metadata=True)
    files = info.siblings or []
    return Snapshot(repo, str(info.sha), {file.rfilename: file.size or 0 for file in files})
