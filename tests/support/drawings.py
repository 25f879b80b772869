"""Pictures of built cells, each drawn once in a test process.

A third of a small build is its picture, and most tests build the same few cells. A picture of the
very same facts is copied; its bytes are the same, as
`test_same_bytes_whatever_the_threads` holds.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from spe1_builder.dataset.sidecars.facts import CellFacts
from spe1_builder.dataset.sidecars.quicklook import draw_quicklook

_DRAWN: dict[str, bytes] = {}


def draw_once(path: Path, facts: CellFacts) -> None:
    """`draw_quicklook`, or what it drew of these facts before."""
    drawn = _hash_of(facts)
    if drawn not in _DRAWN:
        draw_quicklook(path, facts)
        _DRAWN[drawn] = path.read_bytes()
    else:
        path.write_bytes(_DRAWN[drawn])


def _hash_of(facts: CellFacts) -> str:
    """Of all that is drawn."""
    plan, window = facts.plan, facts.plan.patch
    ends_s = window.times_s(window.first, window.last)[[0, -1]]
    words = (
        *(plan.cell_id, plan.inputs.gt_channel, plan.inputs.patch_type, plan.inputs.origin),
        *(window.first, window.last, window.raw.patch_rate_hz, ends_s.tolist()),
        *(facts.peak_channel, sorted(facts.bad.all)),
    )
    digest = hashlib.sha256(repr(words).encode())
    for array in (
        plan.positions_um,
        plan.window_spikes,
        window.raw.read_patch(window.first, window.last),
        facts.template.mean_uV,
    ):
        digest.update(repr((array.dtype, array.shape)).encode() + array.tobytes())
    return digest.hexdigest()
