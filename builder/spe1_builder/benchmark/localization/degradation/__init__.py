"""Electrodes that die, and what is left of the methods."""
