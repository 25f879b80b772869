"""A cell that lies elsewhere, read where it lies: only the bytes that are asked for."""
