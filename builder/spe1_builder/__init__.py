"""SPE-1 paired patch-clamp / Neuropixels recordings, built into Hugging Face datasets.

Rooms, in the order in which the data passes through them: ``source`` (raw
files), ``signal`` (counts to microvolts), ``dataset`` (the built cell), and
``reading`` (a built cell, opened). A room imports only rooms before it and the
ground floor: ``errors``, ``constants``, ``cells``, ``probe``, ``layout``,
``progress``.
"""

__version__ = "0.1.0"
