"""Small tables of all built cells, for the Hub's viewer and for work without the traces.

To add one: a module that defines a `View`, and its line in `VIEWS`. It is then made of every
cell, listed in the card, hashed, checked by ``spe1 verify`` and described.
"""

from __future__ import annotations

from spe1_builder.dataset.views.cells import CELLS
from spe1_builder.dataset.views.mini import MINI
from spe1_builder.dataset.views.spikes import SPIKES
from spe1_builder.dataset.views.view import View

#: In the card's order; ``load_dataset`` takes the first where no name is given.
VIEWS: tuple[View, ...] = (CELLS, SPIKES, MINI)
