"""The configs as Croissant has them: where their files are, and what each column is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spe1_builder.dataset.card.configs import CardConfig
from spe1_builder.dataset.card.croissant.words import ARROW_STREAM, DATA_TYPES, PARQUET
from spe1_builder.dataset.views.view import IMAGE, ViewColumn
from spe1_builder.layout import SHARD_GLOB, VIEWS_NAME

#: The repo, and the branch on which the Hub keeps what it converted to Parquet.
REPO, REPO_PARQUET = "repo", "repo-parquet"


def file_set(config: CardConfig, *, is_published: bool) -> dict[str, Any]:
    """The Arrow files of a config."""
    return {
        "@type": "cr:FileSet",
        "@id": _files(config),
        "name": _files(config),
        "description": f"Arrow streams of {config.name}, which load_from_disk and pyarrow read.",
        **({"containedIn": {"@id": REPO}} if is_published else {}),
        "encodingFormat": ARROW_STREAM,
        "includes": _patterns(config),
    }


def parquet_set(config: CardConfig) -> dict[str, Any]:
    """The same rows as the Hub converts them, since no reader of Croissant knows Arrow."""
    return {
        "@type": "cr:FileSet",
        "@id": _parquet(config),
        "name": _parquet(config),
        "description": f"{config.name} as converted by the Hub.",
        "containedIn": {"@id": REPO_PARQUET},
        "encodingFormat": PARQUET,
        "includes": f"{config.name}/*/*.parquet",
    }


def record_set(config: CardConfig, *, is_published: bool) -> dict[str, Any]:
    """The columns of a config, read from Parquet where the Hub has it."""
    source = _parquet(config) if is_published and is_converted(config) else _files(config)
    return {
        "@type": "cr:RecordSet",
        "@id": config.name,
        "name": config.name,
        "description": config.description,
        "field": [_field(config.name, column, source) for column in config.columns],
    }


def is_converted(config: CardConfig) -> bool:
    """Whether the Hub can convert it: two rows of a cell are more than it takes at once."""
    return any(path.startswith(f"{VIEWS_NAME}/") for split in config.splits for path in split.paths)


def _files(config: CardConfig) -> str:
    return f"{config.name}-arrow"


def _parquet(config: CardConfig) -> str:
    return f"{config.name}-parquet"


def _patterns(config: CardConfig) -> Sequence[str]:
    """Of a view, which has a file for each cell, one for each split."""
    if is_converted(config):
        return [f"{VIEWS_NAME}/{config.name}/{split.name}/{SHARD_GLOB}" for split in config.splits]
    return [path for split in config.splits for path in split.paths]


def _field(config_name: str, column: ViewColumn, source: str) -> dict[str, Any]:
    unit = f" Unit: {column.unit}." if column.unit else ""
    depth = column.kind.count("list<")
    return {
        "@type": "cr:Field",
        "@id": f"{config_name}/{column.name}",
        "name": column.name,
        "description": f"{column.meaning}.{unit}",
        "dataType": DATA_TYPES[column.kind.removeprefix("list<" * depth).rstrip(">")],
        # A list may have any length; the descriptions say which is usual.
        **({"isArray": True, "arrayShape": ",".join(["-1"] * depth)} if depth else {}),
        "source": {
            "fileSet": {"@id": source},
            "extract": {"column": column.name},
            **({"transform": {"jsonPath": "bytes"}} if column.kind == IMAGE else {}),
        },
    }
