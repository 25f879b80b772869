"""Waveforms in portions, on threads; each result depends on its own waveform only."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

#: Waveforms that a thread takes at a time: milliseconds of work, a few MB of samples.
_AT_ONCE = 256


def in_portions(n_waveforms: int, n_threads: int, run: Callable[[slice], None]) -> None:
    """Call ``run`` with slices that cover ``range(n_waveforms)``, on ``n_threads`` threads."""
    portions = [
        slice(first, min(first + _AT_ONCE, n_waveforms))
        for first in range(0, n_waveforms, _AT_ONCE)
    ]
    if n_threads == 1:
        for portion in portions:
            run(portion)
        return
    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(run, portions))
