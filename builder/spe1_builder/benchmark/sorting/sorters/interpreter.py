"""The interpreter that a sorter runs in: what it has, and what it is given of ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from spe1_builder.benchmark.sorting.sorters.known import KnownSorter
from spe1_builder.errors import MissingPackageError, OptionError, printable

CHILD = "spe1_builder.benchmark.sorting.sorters.child"
#: Longer last words say no more.
MOST_WORDS = 300
_PACKAGE = Path(__file__).parents[3]
_CHECK_S = 120


def child_environment(scratch: Path) -> dict[str, str]:
    """Ours, but with this package alone on the path: the other environment keeps its own."""
    place = scratch / "path"
    place.mkdir()
    (place / _PACKAGE.name).symlink_to(_PACKAGE, target_is_directory=True)
    temporary = scratch / "tmp"
    temporary.mkdir()
    return {
        **os.environ,
        "PYTHONPATH": str(place),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(temporary),
        "HF_HUB_OFFLINE": "1",
        "MPLBACKEND": "Agg",
    }


def installed_version(sorter: KnownSorter, python: Path | None = None) -> str:
    """The version of a sorter that can run, here or in another environment.

    Parameters
    ----------
    sorter : KnownSorter
    python : Path, optional
        Interpreter of that environment; default: this one.

    Raises
    ------
    OptionError
        It cannot run here.
    MissingPackageError
        It is not installed; with the line that installs it.
    """
    command = [str(python or sys.executable), "-m", CHILD]
    with tempfile.TemporaryDirectory(prefix="spe1-sorter-") as folder:
        environment = child_environment(Path(folder).resolve())
        return require_installed(sorter, sorter.modules({}), command, environment)


def require_installed(
    sorter: KnownSorter,
    modules: Sequence[str],
    command: list[str],
    environment: Mapping[str, str],
) -> str:
    """The version of the sorter's package, before anything is written for it."""
    library = {"spikesift": "spikesift", "spikeinterface": "spikeinterface"}[sorter.engine]
    asked = [*command, "check", sorter.package, "numpy", library, *modules]
    try:
        done = subprocess.run(
            asked, env=dict(environment), capture_output=True, timeout=_CHECK_S, check=True
        )
        state = json.loads(done.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        raise OptionError(
            "The interpreter for the sorter does not run.",
            where=command[0],
            expected="Python 3.11 or later",
            got=printable(error)[:MOST_WORDS],
            do="name the python of the environment that has the sorter: python=",
        ) from error
    missing = state["missing"] or ([] if state["version"] else [sorter.package])
    if missing:
        raise MissingPackageError(
            f"{sorter.name} needs packages that are not installed.",
            where=command[0],
            expected=", ".join(dict.fromkeys([library, *modules])),
            got=f"no {', '.join(missing)}",
            do=f"{sorter.install}; or name an environment that has them: python=",
        )
    if sorter.needs_gpu and not state["has_gpu"]:
        raise OptionError(
            f"{sorter.name} needs a GPU, and there is none that torch can use.",
            where=command[0],
            got=sorter.cost,
            do="run it where there is one, and score what it writes",
        )
    return str(state["version"])
