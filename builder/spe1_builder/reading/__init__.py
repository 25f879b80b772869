"""A built cell, opened."""
