"""Parameters of bad-channel detection that make no sense are refused by name."""

from __future__ import annotations

import pytest

from spe1_builder.errors import OptionError
from spe1_builder.signal.bad_channels.options import DetectionOptions

UNUSABLE_OPTIONS = (
    {"n_chunks": 0},
    {"chunk_duration_s": float("nan")},
    {"seed": -1},
    {"outside_location": "left"},
    {"n_neighbors": 10},
    {"nyquist_threshold": 1.0},
    {"welch_window_ms": 0.0},
)


@pytest.mark.parametrize("change", UNUSABLE_OPTIONS, ids=str)
def test_unusable_options_are_refused(change):
    with pytest.raises(OptionError) as caught:
        DetectionOptions(**change)
    assert caught.value.where == next(iter(change))
