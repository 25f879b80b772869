"""The figures of the sorting benchmark."""
