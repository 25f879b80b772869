"""What the archive's server says and is told."""
