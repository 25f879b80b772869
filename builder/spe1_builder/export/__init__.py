"""A built cell in the formats of other programs."""
