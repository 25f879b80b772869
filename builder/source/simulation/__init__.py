"""Parts of the simulated archive; `builder.source.simulate` is their face."""
