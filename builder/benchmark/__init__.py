"""Scores of spike localizers against the electrode that stood at the patched neuron."""
