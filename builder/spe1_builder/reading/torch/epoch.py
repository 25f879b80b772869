"""The number of the epoch, which workers see that are kept from one epoch to the next."""

from __future__ import annotations

from typing import Any

import torch

from spe1_builder.reading.torch.options import require_seed


class Epoch:
    """A whole number in memory that a ``DataLoader`` shares with its workers.

    Attributes
    ----------
    value : int
    """

    def __init__(self) -> None:
        self._number = torch.zeros((), dtype=torch.int64).share_memory_()

    @property
    def value(self) -> int:
        return int(self._number)

    @value.setter
    def value(self, epoch: int) -> None:
        require_seed(epoch, "epoch")
        self._number.fill_(int(epoch))

    def __setstate__(self, state: dict[str, Any]) -> None:
        # In a worker it is shared already; a copy made by pickle or deepcopy is its own.
        self.__dict__ |= state
        self._number.share_memory_()
