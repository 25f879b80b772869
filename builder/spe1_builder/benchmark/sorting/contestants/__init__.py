"""The two contestants that are always there: a floor and a ceiling."""
