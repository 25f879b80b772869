"""Compiled functions follow the source that is compiled into them, and need no writable place."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from spe1_builder import compiled as module

PACKAGE = Path(module.__file__).parent
INNER = """
from spe1_builder.compiled import compiled

@compiled()
def inner():
    return {value}
"""
OUTER = """
from spe1_builder.compiled import compiled
from spe1_builder.inner import inner

@compiled()
def outer():
    return inner() + 1
"""

# Its number is compiled in, so it tells whose machine code is run.
WHOSE = """
import os
from spe1_builder.compiled import compiled

NUMBER = int(os.environ["WHOSE"])

@compiled()
def whose(argument):
    return NUMBER
"""
CALL_WHOSE = """
import os
from spe1_builder.whose import whose
print(whose(eval(os.environ["ARGUMENT"])), sum(whose.stats.cache_hits.values()))
"""
# Stores after a word on its standard input: one for the index, one for the machine code.
CALL_WHOSE_IN_STEPS = f"""
from numba.core.caching import IndexDataCacheFile

def after_a_word(function):
    def wait(*arguments):
        print(function.__name__, flush=True)
        input()
        return function(*arguments)
    return wait

for name in ("_save_index", "_save_data"):
    setattr(IndexDataCacheFile, name, after_a_word(getattr(IndexDataCacheFile, name)))
{CALL_WHOSE}
"""


@pytest.fixture
def package(tmp_path):
    """A package of two compiled functions, one compiled into the other, and one by itself."""
    folder = tmp_path / "spe1_builder"
    folder.mkdir()
    for name in ("__init__.py", "compiled.py", "constants.py"):
        shutil.copy(PACKAGE / name, folder)
    (folder / "outer.py").write_text(OUTER)
    (folder / "whose.py").write_text(WHOSE)
    return folder


#: Python tells a changed file by its second and its size, which may be the same here.
NO_BYTECODE = {"PYTHONDONTWRITEBYTECODE": "1"}


def call(package: Path, **environment: str) -> str:
    code = (
        "import numba; from spe1_builder.outer import outer; print(outer());"
        "print(sum(outer.stats.cache_hits.values()), repr(numba.config.CACHE_DIR))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=package.parent,
        env=os.environ | NO_BYTECODE | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_a_change_in_another_file_is_followed(package):
    (package / "inner.py").write_text(INNER.format(value=1))
    assert call(package) == "2\n0 ''\n"
    assert call(package) == "2\n1 ''\n"
    (package / "inner.py").write_text(INNER.format(value=5))
    assert call(package) == "6\n0 ''\n"


def test_a_folder_that_is_asked_for_is_used(package, tmp_path):
    (package / "inner.py").write_text(INNER.format(value=1))
    wanted = tmp_path / "wanted"
    assert call(package, NUMBA_CACHE_DIR=str(wanted)) == f"2\n0 '{wanted}'\n"
    assert call(package, NUMBA_CACHE_DIR=str(wanted)) == f"2\n1 '{wanted}'\n"
    assert list(wanted.glob("compiled-*"))
    assert not list((package / "__pycache__").glob("compiled-*"))


def test_without_a_writable_place_it_compiles_every_time(package, tmp_path):
    (package / "inner.py").write_text(INNER.format(value=1))
    # A file in the place of a folder cannot be written into, even by root.
    (package / "__pycache__").write_text("")
    (tmp_path / "home").write_text("")
    for _ in range(2):
        environment = {"XDG_CACHE_HOME": str(tmp_path / "home"), "PYTHONDONTWRITEBYTECODE": "1"}
        assert call(package, **environment) == "2\n0 ''\n"


def test_modules_may_be_imported_by_several_threads_at_once(package):
    """Kernels are imported where they are needed, which is in threads."""
    (package / "inner.py").write_text(INNER.format(value=1))
    code = """
import numba, sys
from concurrent.futures import ThreadPoolExecutor
from spe1_builder import inner
from spe1_builder.compiled import compiled
sys.setswitchinterval(1e-6)
with ThreadPoolExecutor(8) as pool:
    places = list(pool.map(lambda _: compiled()(inner.inner.py_func).stats.cache_path, range(400)))
print(set(places) == {inner.inner.stats.cache_path}, repr(numba.config.CACHE_DIR))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=package.parent, capture_output=True, text=True, check=True
    )
    assert done.stdout == "True ''\n"
    assert [path.name for path in package.parent.iterdir()] == ["spe1_builder"]


def start(package: Path, code: str, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=package.parent,
        env=os.environ | NO_BYTECODE | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def call_both(package: Path, environments: list[dict[str, str]]) -> list[str]:
    both = [start(package, CALL_WHOSE, environment) for environment in environments]
    return [process.communicate()[0] for process in both]


def store_at_once(package: Path, environments: list[dict[str, str]]) -> list[str]:
    """Two processes that both have read an empty store; the first writes its code last."""
    first, second = (start(package, CALL_WHOSE_IN_STEPS, each) for each in environments)
    try:
        for process in (first, second):
            assert process.stdout.readline() == "_save_index\n"
        first.stdin.write("\n")
        first.stdin.flush()
        assert first.stdout.readline() == "_save_data\n"
        said = second.communicate("\n\n")[0], first.communicate("\n")[0]
        return [said[1], said[0].removeprefix("_save_data\n")]
    finally:
        for process in (first, second):
            process.kill()
            process.communicate()


def test_two_types_of_processor_may_fill_one_store_at_once(package):
    plain = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
    environments = [
        plain | {"WHOSE": "1", "ARGUMENT": "0"},
        {"WHOSE": "2", "ARGUMENT": "0"},
    ]
    assert store_at_once(package, environments) == ["1 0\n", "2 0\n"]
    assert call_both(package, environments) == ["1 1\n", "2 1\n"]


def test_two_processes_may_store_one_function_for_two_types_at_once(package):
    environments = [{"WHOSE": "1", "ARGUMENT": "0"}, {"WHOSE": "2", "ARGUMENT": "0.0"}]
    assert store_at_once(package, environments) == ["1 0\n", "2 0\n"]
    # The index is the second's, so the first compiles once more, and never runs the other's.
    assert call_both(package, environments) == ["1 0\n", "2 1\n"]
    assert call_both(package, environments) == ["1 1\n", "2 1\n"]


def test_where_files_cannot_be_named_apart_nothing_is_stored(monkeypatch):
    """numba's insides may change; that it is all there today, the tests above show."""
    from numba.core.caching import IndexDataCacheFile

    from spe1_builder.signal.bandpass import median_kernel

    function = median_kernel.median.py_func
    assert module.compiled()(function).stats.cache_path is not None
    monkeypatch.delattr(IndexDataCacheFile, "_data_name")
    assert module.compiled()(function).stats.cache_path is None


@pytest.mark.parametrize(
    ("stored", "is_told"),
    [
        (None, True),
        ([], True),
        (["simulation_ab12/kernels.f-1.py311.nbi"], True),
        (["bandpass_ab12/kernels.f-1.py311.nbi"], False),
    ],
)
def test_the_first_run_says_that_it_compiles(tmp_path, monkeypatch, capsys, stored, is_told):
    from spe1_builder.progress import Bars

    for name in stored or []:
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    monkeypatch.setattr(module, "_store", lambda wanted: None if stored is None else tmp_path)
    runs = []
    module.compile_first(Bars("c14"), "bandpass", lambda: runs.append(1))
    assert len(runs) == is_told
    assert capsys.readouterr().err.startswith("c14 compile (first run): ") is is_told


def test_the_band_pass_is_found_in_the_store():
    """The folder that a build asks for is the one that numba names its files after."""
    from spe1_builder.signal.bandpass import median_kernel

    assert Path(median_kernel.__file__).parent.name == "bandpass"
    folders = median_kernel.median._cache.cache_path
    assert Path(folders).name.startswith("bandpass_")
