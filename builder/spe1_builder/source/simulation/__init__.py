"""Parts of the simulated archive; `spe1_builder.source.simulation.archive` is their face."""
