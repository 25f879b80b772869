"""The disk that is written to: its errors, its locks, its room, and writing itself."""
