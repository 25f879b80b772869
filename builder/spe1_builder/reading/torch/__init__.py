"""Windows of built cells for PyTorch: `spe1.torch`.

Importing this module imports no torch; the first class that is taken from it does. It is
`spe1.torch` to users, and ``import torch`` in it is PyTorch's.

>>> import spe1
>>> windows = spe1.torch.SpikeWindows("c14", root="spe1")
>>> windows[0].window_uV.shape
torch.Size([384, 90])
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from spe1_builder.errors import MissingPackageError

if TYPE_CHECKING:
    from spe1_builder.reading.torch.counts import CellWindows
    from spe1_builder.reading.torch.items import RandomWindow, SpikeWindow
    from spe1_builder.reading.torch.random_windows import RandomWindows
    from spe1_builder.reading.torch.spike_windows import SpikeWindows

__all__ = ["CellWindows", "RandomWindow", "RandomWindows", "SpikeWindow", "SpikeWindows"]

#: The module here that defines each of them.
_MODULES = {
    "CellWindows": "counts",
    "RandomWindow": "items",
    "RandomWindows": "random_windows",
    "SpikeWindow": "items",
    "SpikeWindows": "spike_windows",
}
_INSTALL = (
    "pip install torch --index-url https://download.pytorch.org/whl/cpu (without CUDA), or "
    'pip install "spe1[torch]"'
)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingPackageError(
            "spe1.torch needs PyTorch, which cannot be imported.",
            where=f"spe1.torch.{name}",
            expected="torch 2.4 or newer",
            got=error,
            do=_INSTALL,
        ) from error
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
