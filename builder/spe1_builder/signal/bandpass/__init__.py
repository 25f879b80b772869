"""Counts to band-passed, referenced microvolts."""
