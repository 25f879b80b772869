"""One cell's raw files, read and checked."""
