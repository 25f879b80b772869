"""SPE-1 paired patch-clamp / Neuropixels recordings, built into Hugging Face datasets.

Rooms, in the order in which the data passes through them: ``source`` (raw files),
``signal`` (counts to microvolts), ``dataset`` (the built cell), ``reading`` (a built cell,
opened), ``benchmark`` (methods scored on it); then ``runs`` (the same over many cells) and
``cli`` (the command). A room imports only rooms before it and the ground floor: ``errors``,
``constants``, ``cells``, ``probe``, ``layout``, ``progress``, ``disk``, ``models``,
``versions``, ``compiled``.
"""

__version__ = "0.1.0"
