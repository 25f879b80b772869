"""The small files of a cell as the release has them, oddities included.

The release was written by Python 2: lists of spikes are int32 under headers such as
``(5428L,)``, which numpy of today warns of, and some spikes stand in them twice.
"""

from __future__ import annotations

import numpy as np

#: Of the release's 21 public lists 9 have spikes that follow another within 1 ms: 1 to 44 of
#: 600 to 12,000, 2 to 23 NPX samples later (most 3 to 12). c14 has 8 of 5,428.
DOUBLED_SHARE = 0.005
LEAST_DOUBLED = 3
#: How much later a spike stands there again.
DOUBLED_AFTER_S = (0.0002, 0.0004)


def n_doubled(n_spikes: int) -> int:
    """Spikes of a list that stand in it twice."""
    return min(max(LEAST_DOUBLED, round(DOUBLED_SHARE * n_spikes)), n_spikes)


def doubled_s(n_spikes: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Which spikes stand in the lists twice, and how much later.

    Returns
    -------
    which : np.ndarray
        int64 (n,), ascending indices.
    later_s : np.ndarray
        float64 (n,).
    """
    which = np.sort(rng.choice(n_spikes, n_doubled(n_spikes), replace=False))
    return which, rng.uniform(*DOUBLED_AFTER_S, len(which))


def with_doubled(
    samples: np.ndarray, which: np.ndarray, later_s: np.ndarray, rate_hz: float
) -> np.ndarray:
    """A list of spikes with some of them twice: int32 (n_spikes + n,), ascending.

    Parameters
    ----------
    samples : np.ndarray
        int64 (n_spikes,), ascending.
    which, later_s : np.ndarray
        As `doubled_s` gives them.
    rate_hz : float
        Of the clock of ``samples``.
    """
    again = samples[which] + np.rint(later_s * rate_hz).astype(np.int64)
    return np.sort(np.concatenate([samples, again])).astype("<i4")


def python2_npy(values: np.ndarray) -> bytes:
    """A ``.npy`` file of one list as numpy wrote it under Python 2."""
    header = (
        f"{{'descr': '{values.dtype.str}', 'fortran_order': False, 'shape': ({len(values)}L,), }}"
    )
    # Magic, version and length take 10 bytes; then all is padded to 16, with a line's end.
    padded = header + " " * (-(len(header) + 11) % 16) + "\n"
    size = len(padded).to_bytes(2, "little")
    return b"\x93NUMPY\x01\x00" + size + padded.encode("ascii") + values.tobytes()
