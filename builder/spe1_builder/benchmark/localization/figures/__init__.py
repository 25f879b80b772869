"""The figures of a result, drawn from its JSON alone."""
