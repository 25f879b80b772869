"""A cell as SpikeInterface's objects. Saved analyzers name these modules: they keep their names."""
