"""Open everything that was written and hold it to the contract."""

from spe1_builder.dataset.findings import Finding
from spe1_builder.dataset.verify.report import VerifiedCell, VerifyReport
from spe1_builder.dataset.verify.root import verify, verify_cell

__all__ = ["Finding", "VerifiedCell", "VerifyReport", "verify", "verify_cell"]
