"""Sorters of others, each run in a process of its own: what is known of them, and the run."""
