"""Which channels are dead, noisy or outside the brain."""
