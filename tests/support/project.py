"""Where the checkout is, and its source root."""

from pathlib import Path

PROJECT = Path(__file__).parents[2]
SOURCE = PROJECT / "builder"
PACKAGE = SOURCE / "spe1_builder"
