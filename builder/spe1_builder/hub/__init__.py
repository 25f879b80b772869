"""The Hub: a root published as a dataset, and a published one fetched."""
