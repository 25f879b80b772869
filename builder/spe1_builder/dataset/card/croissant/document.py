"""The whole document."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from spe1_builder.constants import DATA_VERSION, HOMEPAGE
from spe1_builder.dataset.card.configs import CardConfig
from spe1_builder.dataset.card.croissant.statements import (
    AUTHORS,
    CITE_AS,
    LICENSE_URL,
    PUBLISHED,
    rai_terms,
    sources_of,
)
from spe1_builder.dataset.card.croissant.tables import (
    REPO,
    REPO_PARQUET,
    file_set,
    is_converted,
    parquet_set,
    record_set,
)
from spe1_builder.dataset.card.croissant.words import CONFORMS_TO, CONTEXT
from spe1_builder.dataset.card.subject import what_cells_are
from spe1_builder.dataset.json_text import json_text
from spe1_builder.dataset.metadata import ConversionMetadata
from spe1_builder.layout import (
    BENCHMARK_NAME,
    CHAN_MAP_NAME,
    SUMMARY_CSV_NAME,
    SUMMARY_NAME,
)

#: Files of the root that are listed one by one: their media types and what they hold.
LISTED_FILES = {
    SUMMARY_CSV_NAME: ("text/csv", "the release's Data Summary, one row for each cell"),
    SUMMARY_NAME: (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "the same as it was released",
    ),
    CHAN_MAP_NAME: ("application/x-matlab-data", "x and y of the 384 sites of the probe, in µm"),
    BENCHMARK_NAME: ("application/json", "scores of localization methods on cells of this folder"),
}
_HUB = "https://huggingface.co/datasets"
#: A repo has no hash of one file; the Hub's own documents have this in its place.
_NO_HASH = "https://github.com/mlcommons/croissant/issues/80"


def croissant_text(
    cells: Sequence[ConversionMetadata],
    configs: Sequence[CardConfig],
    hashes: Mapping[str, str],
    tags: Sequence[str],
    repo_id: str | None = None,
) -> str:
    """The content of ``croissant.json``.

    Parameters
    ----------
    cells : sequence of ConversionMetadata
    configs : sequence of CardConfig
        What the card lists.
    hashes : mapping of str to str
        sha256 of each of `LISTED_FILES` that is there.
    tags : sequence of str
        Of the card.
    repo_id : str, optional
        Name of the repo on the Hub. Without one, files are those of the folder.
    """
    kinds = [metadata.provenance.kind for metadata in cells]
    label, rest = what_cells_are(kinds)
    sources = sources_of(kinds)
    is_published = repo_id is not None
    document: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": list(CONFORMS_TO),
        "name": "SPE-1",
        "alternateName": "Paired patch-clamp and Neuropixels recordings of the same neuron",
        "description": f"{label}{rest} Preprocessed traces in µV with the spikes and the place "
        "of the patched neuron, as Hugging Face datasets.",
        "license": LICENSE_URL,
        "url": HOMEPAGE if repo_id is None else f"{_HUB}/{repo_id}",
        "sameAs": HOMEPAGE,
        "citeAs": CITE_AS,
        "creator": [{"@type": "sc:Person", "name": name} for name in AUTHORS],
        "datePublished": PUBLISHED,
        "version": _version(cells),
        "keywords": list(tags),
        "inLanguage": "en",
        "isLiveDataset": False,
        "isBasedOn": [source.url for source in sources],
        "prov:wasDerivedFrom": [
            {"@id": source.url, "@type": "prov:Entity", "prov:label": source.label}
            for source in sources
        ],
        "prov:wasGeneratedBy": _activities(cells),
        **rai_terms(kinds),
        "distribution": [
            *(_repo(repo_id) if repo_id is not None else ()),
            *(_file(name, hashes[name], is_published) for name in LISTED_FILES if name in hashes),
            *(file_set(config, is_published=is_published) for config in configs),
            *(parquet_set(c) for c in configs if is_published and is_converted(c)),
        ],
        "recordSet": [record_set(config, is_published=is_published) for config in configs],
    }
    return json_text(document)


def _version(cells: Sequence[ConversionMetadata]) -> str:
    """The newest of the cells' data versions; what somebody edited may be none."""
    there = [
        tuple(int(part) for part in metadata.provenance.data_version.split("."))
        for metadata in cells
        if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9}){2}", metadata.provenance.data_version)
    ]
    return ".".join(map(str, max(there))) if there else DATA_VERSION


def _activities(cells: Sequence[ConversionMetadata]) -> list[dict[str, Any]]:
    versions = sorted({metadata.provenance.spe1_version for metadata in cells})
    return [
        {
            "@type": "prov:Activity",
            "prov:label": "spe1 build",
            "prov:wasAssociatedWith": {
                "@type": "prov:SoftwareAgent",
                "prov:label": f"spe1 {version}",
            },
        }
        for version in versions
    ]


def _repo(repo_id: str) -> list[dict[str, Any]]:
    """The repo and its branch of converted files, in the Hub's own words."""
    return [
        {
            "@type": "cr:FileObject",
            "@id": name,
            "name": name,
            "description": description,
            "contentUrl": f"{_HUB}/{repo_id}{branch}",
            "encodingFormat": "git+https",
            "sha256": _NO_HASH,
        }
        for name, description, branch in (
            (REPO, "The repo on the Hub.", ""),
            (REPO_PARQUET, "What the Hub converted to Parquet.", "/tree/refs%2Fconvert%2Fparquet"),
        )
    ]


def _file(name: str, sha256: str, is_published: bool) -> dict[str, Any]:
    media_type, holds = LISTED_FILES[name]
    return {
        "@type": "cr:FileObject",
        "@id": name.replace(" ", "-"),
        "name": name,
        "description": holds,
        **({"containedIn": {"@id": REPO}} if is_published else {}),
        "contentUrl": name,
        "encodingFormat": media_type,
        "sha256": sha256,
    }
