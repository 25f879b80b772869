"""Cells as tasks of a cluster: what it is, what its workers see, and what comes of each cell."""
