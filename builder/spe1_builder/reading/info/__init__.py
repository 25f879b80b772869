"""One cell on one page: what it is, what was built of it, and what to do next."""

from spe1_builder.reading.info.gather import info
from spe1_builder.reading.info.model import WIDTH, BuiltInfo, CellInfo, ReleaseInfo

__all__ = ["WIDTH", "BuiltInfo", "CellInfo", "ReleaseInfo", "info"]
