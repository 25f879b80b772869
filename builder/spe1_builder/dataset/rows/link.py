"""Finished shards in the datasets cache, without new bytes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from spe1_builder.dataset.rows.shards import count_rows
from spe1_builder.disk.space import require_space


def can_link(output_dir: str, file_format: str | None) -> bool:
    """Whether the cache wants Arrow files in a local folder."""
    return file_format in (None, "arrow") and Path(output_dir).is_dir()


def link_shards(shards: list[Path], folder: Path, prefix: str) -> list[int]:
    """Link shards under the names that ``datasets`` gives to prepared ones.

    A hard link shares the bytes: rebuilding the cell later makes new files and
    leaves these as they are. Across file systems the shard is copied.

    Parameters
    ----------
    shards : list of Path
    folder : Path
        What ``datasets`` is preparing; what an interrupted run left under these
        names is removed.
    prefix : str
        ``<dataset>-<split>``.

    Returns
    -------
    list of int
        Rows of each shard.
    """
    for leftover in folder.glob(f"{prefix}*.arrow"):
        leftover.unlink()
    for i, shard in enumerate(shards):
        name = (
            f"{prefix}-{i:05d}-of-{len(shards):05d}.arrow" if len(shards) > 1 else f"{prefix}.arrow"
        )
        try:
            os.link(shard, folder / name)
        except OSError:  # another file system, or one without hard links
            require_space(
                folder,
                shard.stat().st_size,
                "a copy in the datasets cache",
                do="free some room there, or put the cache on the dataset root's disk "
                "(HF_DATASETS_CACHE), where nothing is copied",
            )
            shutil.copyfile(shard, folder / name)
    return [count_rows(shard) for shard in shards]
