"""A Hugging Face Hub on loopback, for tests: dataset repos, uploads, downloads, faults."""
