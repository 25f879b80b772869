"""What was published of sorters on these recordings."""

from __future__ import annotations

from functools import cache

from spe1_builder.benchmark.sorting.schema import Published
from spe1_builder.packaged import packaged_text


@cache
def published() -> Published:
    """SpikeForest's means, with their conditions."""
    return Published.model_validate_json(packaged_text("benchmark/sorting/published.json"))
