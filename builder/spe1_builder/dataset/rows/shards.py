"""Rows of a shard, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from spe1_builder.constants import N_CHANNELS


def read_batches(path: Path) -> Iterator[pa.RecordBatch]:
    """Record batches of a shard, mapped, not read."""
    with pa.memory_map(str(path)) as source:
        yield from pa.ipc.open_stream(source)


def count_rows(path: Path) -> int:
    """Rows of a shard; its values are not touched."""
    return sum(batch.num_rows for batch in read_batches(path))


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Rows of a shard as ``datasets`` examples.

    Yields
    ------
    dict
        ``sample_id`` str; ``cp``, ``cit``, ``ctt`` lists of one numpy array per channel.
    """
    for batch in read_batches(path):
        for i in range(batch.num_rows):
            row: dict[str, Any] = {"sample_id": batch["sample_id"][i].as_py()}
            for name in ("cp", "cit", "ctt"):
                channels = batch[name].slice(i, 1).flatten()
                offsets = channels.offsets.to_numpy()
                values = channels.values.to_numpy(zero_copy_only=True)
                row[name] = [values[a:b] for a, b in pairwise(offsets)]
            yield row


def read_traces(path: Path) -> Iterator[np.ndarray]:
    """The traces of a shard's rows where they lie: float32 (N_CHANNELS, n_samples), read-only.

    Raises
    ------
    OSError, ValueError, LookupError, pyarrow.ArrowException
        The file is damaged.
    """
    for batch in read_batches(path):
        # Offsets out of range would crash the process; the traces themselves are not touched.
        batch.validate(full=True)
        for i in range(batch.num_rows):
            # Not `.values`: it ignores where the row lies within its batch.
            channels = batch["cp"].slice(i, 1).flatten()
            lengths = np.diff(channels.offsets.to_numpy())
            if len(lengths) != N_CHANNELS or (lengths != lengths[0]).any():
                raise ValueError(f"a row of {path.name} is no {N_CHANNELS} channels of one length")
            yield channels.flatten().to_numpy(zero_copy_only=True).reshape(N_CHANNELS, -1)


def read_channel(paths: list[Path], channel: int) -> np.ndarray:
    """One channel of a split, segment after segment: float32 (n_samples,), uV."""
    parts = []
    for path in paths:
        for batch in read_batches(path):
            for i in range(batch.num_rows):
                channels = batch["cp"].slice(i, 1).flatten()
                first, last = (
                    channels.offsets[channel].as_py(),
                    channels.offsets[channel + 1].as_py(),
                )
                parts.append(np.array(channels.values.slice(first, last - first)))
    return np.concatenate(parts)
