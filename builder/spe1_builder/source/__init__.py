"""What comes in: the raw files of the archive, real or simulated."""
