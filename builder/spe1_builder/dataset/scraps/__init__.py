"""The scraps of the real recordings as rows of a dataset; needs no built cell."""
