"""The same work on many cells, here or elsewhere."""
