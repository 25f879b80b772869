"""The one transaction that makes a cell."""
