"""What goes out: the built cell, written, described and verified."""
