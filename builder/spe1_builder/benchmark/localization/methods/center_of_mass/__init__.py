"""Center of mass of the amplitudes near the peak channel."""
