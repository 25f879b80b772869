"""What the data are for: localization methods scored against the ground truth."""
