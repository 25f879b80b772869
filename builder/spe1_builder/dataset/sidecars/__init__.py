"""The small files of a built cell, one module each."""
