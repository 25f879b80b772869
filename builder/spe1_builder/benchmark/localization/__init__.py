"""Spike localization against the electrode at the patched neuron (Zhao et al. 2026)."""
