"""The paper's own numbers, and what its authors' code did."""
