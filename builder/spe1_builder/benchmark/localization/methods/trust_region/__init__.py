"""Bounded least squares with a few unknowns, compiled: what the fits of point sources share."""
