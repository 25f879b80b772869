"""What `import spe1` offers by name, and nothing that it needs for itself."""

import importlib
import subprocess
import sys
import types

import spe1
from spe1_builder import errors
from tests.support.project import PROJECT


def test_dir_is_what_users_call():
    names = set(dir(spe1))
    assert {*spe1.__all__, "errors", "torch", "__version__"} <= names
    assert not {name for name in names - {"errors", "torch"} if name not in spe1.__all__} - {
        "__doc__",
        "__file__",
        "__name__",
        "__version__",
    }
    leaked = {"datasets", "Path", "sys", "annotations", "spe1_builder", "catalogue", "fields"}
    assert leaked <= set(vars(spe1)) and not leaked & names
    for name in names:
        assert hasattr(spe1, name), name


def test_all_is_sorted_and_holds_no_module():
    ours = spe1.__all__[: -len(errors.__all__)]
    assert ours == sorted(ours, key=lambda name: (name[0].islower(), name))
    assert len(set(spe1.__all__)) == len(spe1.__all__)
    modules = [n for n in spe1.__all__ if isinstance(getattr(spe1, n), types.ModuleType)]
    assert modules == []


def test_every_public_name_tells_what_it_is():
    for name in spe1.__all__:
        value = getattr(spe1, name)
        assert value.__doc__ and value.__name__ == name
        assert getattr(importlib.import_module(value.__module__), name) is value


def test_star_import_brings_these_and_hides_nobody():
    """A user's `torch` and `datasets` stay theirs."""
    code = (
        "torch = datasets = 'mine'\n"
        "before = set(globals())\n"
        "from spe1 import *\n"
        "new = set(globals()) - before - {'before'}\n"
        "import spe1 as module\n"
        "assert new == set(module.__all__), new ^ set(module.__all__)\n"
        "assert (torch, datasets) == ('mine', 'mine')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_torch_is_reached_by_each_way():
    module = importlib.import_module("spe1.torch")
    assert module is spe1.torch and "SpikeWindows" in dir(spe1.torch)
