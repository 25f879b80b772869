"""The rooms and their direction, read from the imports themselves."""

import ast
import functools
import graphlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.project import PACKAGE, PROJECT

GROUND = {
    "errors",
    "constants",
    "cells",
    "label",
    "compiled",
    "disk",
    "probe",
    "layout",
    "lengths",
    "progress",
    "models",
    "paths",
    "versions",
    "packaged",
    "memory",
    "declared",
    "origins",
    "patience",
}
#: Parts of a room, from left to right likewise.
SUB_ROOMS = {
    "source": ["recording", "scraps", "simulation", "archive"],
    "signal": ["bandpass", "quartiles", "bad_channels"],
    "dataset": ["plan", "rows", "sidecars", "spikes", "scraps", "views", "card", "write", "verify"],
    "benchmark": ["common", "localization", "sorting"],
}
#: From left to right; a room imports only rooms before it and the ground floor.
ROOMS = ["source", "signal", "dataset", "reading", "hub", "export", "benchmark", "runs", "cli"]


@functools.cache
def _imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
    return names


def _modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", _modules(), ids=lambda p: str(p.relative_to(PROJECT)))
def test_imports_point_one_way(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    room = parts[0]
    for name in _imports(path):
        assert name.split(".")[0] not in {"spe1", "scripts", "tests"}, f"imports {name}"
        if not name.startswith("spe1_builder."):
            continue
        target = name.split(".")[1]
        if target == room:
            continue
        if room in GROUND or room == "__init__":
            assert target in GROUND, f"the ground floor imports {name}"
        else:
            allowed = GROUND | set(ROOMS[: ROOMS.index(room)])
            assert target in allowed, f"{room} imports {name}"


@pytest.mark.parametrize("path", _modules(), ids=lambda p: str(p.relative_to(PROJECT)))
def test_sub_rooms_import_one_way(path):
    """Within a room too: what lies further right needs what lies further left."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    order = SUB_ROOMS.get(parts[0], [])
    if len(parts) < 3 or parts[1] not in order:
        return
    for name in _imports(path):
        target = name.split(".")[1:3]
        if target[:1] == [parts[0]] and len(target) == 2 and target[1] in order:
            assert order.index(target[1]) <= order.index(parts[1]), f"imports {name}"


@pytest.mark.parametrize("path", _modules(), ids=lambda p: str(p.relative_to(PROJECT)))
def test_files_stay_small(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 320


def test_import_is_light():
    """``import spe1`` brings nothing heavy beyond what ``datasets`` brings."""
    code = (
        "import sys, datasets\n"
        "before = set(sys.modules)\n"
        "import spe1\n"
        "print(sorted({m.split('.')[0] for m in set(sys.modules) - before}))\n"
    )
    new = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT
    ).stdout
    heavy = {"numba", "spikeinterface", "scipy", "matplotlib", "openpyxl", "sklearn"}
    assert not heavy & set(ast.literal_eval(new))


def test_ground_floor_imports_nothing_heavy():
    code = (
        "import sys\nfrom spe1_builder import cells, layout, probe, progress\n"
        "print(sorted({m.split('.')[0] for m in sys.modules}))"
    )
    modules = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT
    ).stdout
    assert not {"numpy", "datasets", "pyarrow", "numba"} & set(ast.literal_eval(modules))


def test_spe1_beside_the_data_folder(tmp_path):
    """A folder ``./spe1`` with data does not hide the module ``spe1``."""
    (tmp_path / "spe1").mkdir()
    code = "import spe1; print(spe1.Spe1.__name__)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.stdout.strip() == "Spe1", done.stderr


def test_readme_is_finished():
    """No figure was left as a placeholder, and what it names is there."""
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    assert not re.findall(r"\{[A-Z_]+\}|@[A-Z_]+@", text)
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert link.startswith("https://") or (PROJECT / link).exists(), link


def _needs(path: Path, modules: dict[str, Path]) -> set[str]:
    """Modules of the package that one imports anywhere, but for the type checker alone."""

    def inside(node: ast.AST) -> Iterator[ast.AST]:
        for child in ast.iter_child_nodes(node):
            if not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)):
                yield child
                yield from inside(child)

    found = set()
    for node in inside(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                found.add(submodule if submodule in modules else str(node.module))
    return found & set(modules)


def test_no_modules_import_each_other():
    """Neither at once nor inside a function: a circle is one module, or wants an order."""
    modules = {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(
            ".__init__"
        ): path
        for path in _modules()
    }
    needs = {name: _needs(path, modules) - {name} for name, path in modules.items()}
    assert any(needs.values())
    graphlib.TopologicalSorter(needs).prepare()  # raises with the circle


def test_what_benchmarks_share_knows_none_of_them():
    for path in (PACKAGE / "benchmark/common").rglob("*.py"):
        for name in _imports(path):
            room = "spe1_builder.benchmark."
            assert not name.startswith(room) or name.startswith(f"{room}common"), f"{path}: {name}"
