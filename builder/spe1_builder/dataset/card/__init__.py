"""The dataset card of a root."""
