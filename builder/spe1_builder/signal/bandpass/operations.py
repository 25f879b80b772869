"""Which of the two makes of the band-pass's operations is used: decided once, here.

Machine code that was stored with the one may be used with the other: their bits are the same.
"""

from __future__ import annotations

import warnings

from numba.core.errors import NumbaError

# The vectors are compiled when they are imported, so that this finds out all that can fail.
try:
    from spe1_builder.signal.bandpass import vectors as _make
except (ImportError, AttributeError, TypeError, ValueError, RuntimeError, NumbaError) as error:
    from spe1_builder.signal.bandpass import plain as _make  # type: ignore[no-redef]

    warnings.warn(
        "The vector instructions of the signal path cannot be compiled here; plain loops take "
        f"their place, slower, with the same bits. {type(error).__name__}: {error}",
        RuntimeWarning,
        stacklevel=1,
    )

run_on_counts = _make.run_on_counts
run_on_values = _make.run_on_values
load_keys = _make.load_keys
write_channels = _make.write_channels
