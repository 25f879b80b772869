"""What spike sorters have written, read as spikes on the clock of a built cell."""
