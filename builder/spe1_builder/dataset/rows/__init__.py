"""Segments as Arrow rows: computed, written, read back."""
