"""SpikeSift on a flat file: pieces sorted apart, then joined by SpikeSift's own functions.

One call keeps the filtered recording of a segment in memory: 3 GB for 384 channels and 60 s,
0.3 GB in pieces of 3 s.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spe1_builder.benchmark.sorting.sorters.task import SorterTask

#: A piece shorter than this goes with the one before: 0.1 s gives no cluster, and no error.
_SHORTEST_S = 1.0


def sort(task: SorterTask) -> dict[str, np.ndarray]:
    """Samples of each unit by its name.

    Parameters of the task beyond those of ``perform_spike_sorting``: ``piece_s`` (3), and
    ``join``: "merged" (default), by ``merge_recordings``, which keeps a cluster that is present
    in every piece; or "mapped", where clusters are followed from piece to piece by
    ``map_clusters``, and one that begins or ends within is kept, too.
    """
    from spikesift import Recording, merge_recordings, perform_spike_sorting

    params = dict(task.params)
    piece_s, join = float(params.pop("piece_s", 3.0)), params.pop("join", "merged")
    if join not in ("merged", "mapped"):
        raise ValueError(f"join is 'merged' or 'mapped', not {join!r}")
    geometry = np.ascontiguousarray(task.positions_um, dtype=np.float32)
    pieces = [
        perform_spike_sorting(
            Recording(
                binary_file=task.traces,
                data_type=task.dtype,
                probe_geometry=geometry,
                sampling_frequency=task.rate_hz,
                num_samples=stop - start,
                sample_offset=task.first_sample + start,
                recording_offset=start,
            ),
            verbose=False,
            **params,
        )
        for start, stop in piece_spans(task.n_samples, round(piece_s * task.rate_hz), task.rate_hz)
    ]
    if join == "mapped":
        return _mapped(pieces)
    merged = merge_recordings(pieces)
    return {str(name): merged.spikes(name) for name in sorted(merged.cluster_ids())}


def piece_spans(n_samples: int, piece_samples: int, rate_hz: float) -> list[tuple[int, int]]:
    """First and last sample of each piece; they follow each other without a gap."""
    starts = list(range(0, n_samples, max(1, piece_samples)))
    if len(starts) > 1 and n_samples - starts[-1] < _SHORTEST_S * rate_hz:
        starts.pop()
    return list(zip(starts, [*starts[1:], n_samples], strict=True))


def _mapped(pieces: list[Any]) -> dict[str, np.ndarray]:
    """Clusters followed from piece to piece."""
    from spikesift import map_clusters

    units: dict[str, list[np.ndarray]] = {}
    names: dict[int, str] = {}
    for i, piece in enumerate(pieces):
        followed = map_clusters(pieces[i - 1], piece) if i else {}
        came_from = {int(target): int(source) for source, target in followed.items()}
        now = {}
        for cluster in sorted(piece.cluster_ids()):
            name = names.get(came_from.get(cluster, -1), f"{i}.{cluster}")
            units.setdefault(name, []).append(piece.spikes(cluster))
            now[cluster] = name
        names = now
    return {name: np.concatenate(trains) for name, trains in units.items()}
