"""The rules by which the Hub's viewer shows a split, as far as sizes go.

Sources: huggingface/dataset-viewer (``libcommon/viewer_utils/truncate_rows.py`` and ``rows.py``,
the chart's values of production), and `datasets`, whose own functions say how large the row groups
of the converted Parquet are.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from datasets import Features, Image
from datasets.arrow_writer import (
    get_writer_batch_size_from_data_size,
    get_writer_batch_size_from_features,
)

#: Of the first rows' JSON, and how many they are.
FIRST_ROWS_BYTES, FEWEST_ROWS, MOST_ROWS = 200_000, 10, 100
#: What is left of a cell that is cut.
CELL_BYTES = 100
#: Of the row groups that hold the rows which are shown.
SCAN_BYTES = 300_000_000
#: What the Hub asks a row to stay below.
ROW_BYTES = 2_000_000
#: In the place of a picture, which is never cut.
_PICTURE = {"src": "https://datasets-server.huggingface.co/" + 300 * "x", "height": 1, "width": 1}


@dataclass(frozen=True)
class FirstRows:
    """What is shown of a split: how many rows, and whether their cells are cut."""

    n_rows: int
    is_cut: bool


def row_group_rows(n_rows: int, n_bytes: int, features: Features) -> int:
    """Rows of a row group of the Parquet that a split becomes."""
    by_features = get_writer_batch_size_from_features(features)
    return int(by_features or get_writer_batch_size_from_data_size(n_rows, n_bytes))


def scanned_bytes(n_rows: int, n_bytes: int, features: Features) -> int:
    """Bytes of the row groups that hold the first rows: beyond `SCAN_BYTES` is an error."""
    in_group = row_group_rows(n_rows, n_bytes, features)
    n_groups = -(-min(n_rows, MOST_ROWS) // in_group)
    return min(n_groups * in_group, n_rows) * n_bytes // n_rows


def first_rows(rows: Sequence[dict[str, Any]], features: Features) -> FirstRows:
    """The rows that fit, ten at least; of these the cells are cut where they do not."""
    listed = [
        {"feature_idx": i, "name": name, "type": kind}
        for i, (name, kind) in enumerate(features.to_dict().items())
    ]
    limit = FIRST_ROWS_BYTES - _json_bytes({"features": listed, "rows": [], "truncated": False})
    pictures = [name for name, kind in features.items() if isinstance(kind, Image)]
    n_bytes, n_shown = 2, 0
    for i, row in enumerate(rows[:MOST_ROWS]):
        shown = {**row, **dict.fromkeys(pictures, _PICTURE)}
        n_bytes += _json_bytes({"row_idx": i, "row": shown, "truncated_cells": []}) + 1
        if n_bytes >= limit:
            return FirstRows(max(n_shown, min(FEWEST_ROWS, len(rows))), n_shown < FEWEST_ROWS)
        n_shown += 1
    return FirstRows(n_shown, False)


def _json_bytes(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())
