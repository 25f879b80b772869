"""Compiled functions whose stored machine code belongs to the present source.

numba reuses what it compiled as long as the file of the function itself is unchanged,
though functions and constants of other files are compiled into it: after an update of one
of those, it would go on with the old code. Here the store is named after the content of
all of them, and after the processor: one home may serve machines of several types at once.
"""

from __future__ import annotations

import functools
import hashlib
import os
import tempfile
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spe1_builder.progress import Progress

_PACKAGE = Path(__file__).parent
#: Kernels are imported where they are needed, in threads; numba's setting is the process's.
_ONE_AT_A_TIME = threading.Lock()


def compiled(
    signature: str | None = None, *, is_stored: bool = True, **options: Any
) -> Callable[[Callable[..., Any]], Any]:
    """Decorator: compile a function with numba, without the GIL, and keep the machine code.

    Parameters
    ----------
    signature : str, optional
        Types to compile for, at once, and for no others: so arrays that differ only in their
        layout are not compiled for apart. Without it, whenever it is called with new types.
    is_stored : bool
        False for what closes over compiled functions, which numba does not find again in its
        store; it is stored as a part of its callers.
    **options
        Of ``numba.njit``, beyond ``nogil`` and ``cache``.
    """
    import numba

    settings: Any = numba.config  # filled at run time, so no checker knows its names

    def compile_with_store(function: Callable[..., Any]) -> Any:
        dispatcher = decorate(function)
        if signature is not None:
            dispatcher.compile(signature)
            dispatcher.disable_compile()
        return dispatcher

    def decorate(function: Callable[..., Any]) -> Any:
        with _ONE_AT_A_TIME:
            before = settings.CACHE_DIR
            folder = _store(before) if is_stored else None
            if folder is not None:
                # numba looks at its setting when a function is decorated, and only then.
                settings.CACHE_DIR = str(folder)
                try:
                    dispatcher = numba.njit(nogil=True, cache=True, **options)(function)
                finally:
                    settings.CACHE_DIR = before
                if _name_apart(dispatcher):
                    return dispatcher
            return numba.njit(nogil=True, **options)(function)

    return compile_with_store


def compile_first(progress: Progress, folder: str, run: Callable[[], object]) -> None:
    """Run what compiles in a stage that says so, if it has not been compiled on this machine.

    Parameters
    ----------
    progress : Progress
    folder : str
        Name of the folder that the compiled functions stand in, such as "bandpass".
    run : callable
        A call of them with little to do. Left out where their machine code is stored.
    """
    import numba

    from spe1_builder.progress import stage

    settings: Any = numba.config
    store = _store(settings.CACHE_DIR)
    # numba names a function's place in the store after the folder of its source.
    if store is None or not any(store.glob(f"{folder}_*/*.nbi")):
        with stage(progress, "compile (first run)", 1, "step"):
            run()


@functools.cache
def _store(wanted: str) -> Path | None:
    """Folder for the machine code; None where nothing can be written, which costs time only.

    ``wanted`` is numba's own setting (NUMBA_CACHE_DIR), empty by default.
    """
    if not _PACKAGE.is_dir():
        return None  # in a zip: what is compiled has no file that numba could watch
    # os.path's leaves a home alone that nobody knows; pathlib's raises.
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111
    for parent in [Path(wanted)] if wanted else [_PACKAGE / "__pycache__", Path(home) / "spe1"]:
        folder = parent / f"compiled-{_source_hash()}-{_processor_hash()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    return None


def _source_hash() -> str:
    """Of every file that compiles functions, and of the constants they take in."""
    digest = hashlib.sha256((_PACKAGE / "constants.py").read_bytes())
    for path in sorted(_PACKAGE.rglob("*.py")):
        content = path.read_bytes()
        if b"from spe1_builder.compiled import" in content:
            digest.update(content)
    return digest.hexdigest()[:16]


def _processor_hash() -> str:
    """Of what numba compiles for; NUMBA_CPU_NAME and NUMBA_CPU_FEATURES change it."""
    from numba.core.registry import cpu_target

    compiles_for = cpu_target.target_context.codegen().magic_tuple()
    return hashlib.sha256(repr(compiles_for).encode()).hexdigest()[:8]


def _name_apart(dispatcher: Any) -> bool:
    """Give each file of machine code a name of its own; False where numba has no place for that.

    numba counts them from 1 by an index that it has read before: two processes that store at once
    take one name for different types, and the index then leads to the other's code.
    """
    file: Any = getattr(getattr(dispatcher, "_cache", None), "_cache_file", None)
    pattern = getattr(file, "_data_name_pattern", "")
    if "{number:d}" not in pattern or not hasattr(file, "_data_name"):
        return False
    # Drawn for each file, not once for the process: a fork would share it.
    file._data_name = lambda number: pattern.format(number=uuid.uuid4().int)
    return True
