"""The point source whose power-law decay, of any exponent, fits best."""
