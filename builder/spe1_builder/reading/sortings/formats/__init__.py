"""One form of sortings a module: how it is known, and how its spikes are read."""
