"""Open everything that was written and hold it to the contract."""

from spe1_builder.dataset.findings import Finding
from spe1_builder.dataset.verify.root import verify_cell, verify_root

__all__ = ["Finding", "verify_cell", "verify_root"]
