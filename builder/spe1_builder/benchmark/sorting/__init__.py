"""Sorters scored against the patched neuron: which of its spikes a unit has, and which others."""
