"""Median and quartiles of every channel in one pass."""
