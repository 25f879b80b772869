"""A real recording held to the lengths that the release's summary gives it."""

from __future__ import annotations

from spe1_builder.errors import RawDataError
from spe1_builder.source.recording.raw import RawCell
from spe1_builder.source.recording.summary import SummaryRow


def require_lengths(raw: RawCell, row: SummaryRow) -> None:
    """Refuse a recording that is longer or shorter than the release's.

    Not for a simulated one, whose length is an option.

    Parameters
    ----------
    raw : RawCell
    row : SummaryRow
        Of this cell.

    Raises
    ------
    RawDataError
        The size of a file is another.
    """
    right = row.lengths
    for path, n_bytes, expected_bytes, n_samples in (
        (raw.npx_path, raw.lengths.npx_bytes, right.npx_bytes, right.n_npx),
        (raw.patch_path, raw.lengths.patch_bytes, right.patch_bytes, right.n_patch),
    ):
        if n_bytes != expected_bytes:
            raise RawDataError(
                f"A raw file of {raw.cell_id} is not as long as the real recording.",
                where=path,
                expected=f"{expected_bytes} bytes ({n_samples} samples, by the length and the "
                "patch rate of Data Summary)",
                got=f"{n_bytes} bytes, {abs(n_bytes - expected_bytes)} "
                + ("too few" if n_bytes < expected_bytes else "too many"),
                do="fetch the cell again; or use the summary that belongs to these recordings",
            )
