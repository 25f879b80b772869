"""What every benchmark shares: a cell as it is scored, its spikes, errors and intervals."""
