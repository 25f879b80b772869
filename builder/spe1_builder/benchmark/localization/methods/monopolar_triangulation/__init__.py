"""The point source whose 1/distance decay fits best."""
