"""What is installed, and that it is found, whatever lies in the folder where Python starts."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.support.project import PROJECT, SOURCE

#: Third parties; added as a plain path, so that no `.pth` in it leads back to the checkout.
THIRD_PARTIES = [sysconfig.get_path("purelib"), *os.environ.get("PYTHONPATH", "").split(":")]


def build(kind: str, folder: Path) -> Path:
    """A wheel of the checkout, unpacked; ``kind`` is a hook of the build backend."""
    code = f"from hatchling.build import {kind}; {kind}({str(folder)!r})"
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    installed = folder / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    return installed


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    return build("build_wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def editable(tmp_path_factory) -> Path:
    return build("build_editable", tmp_path_factory.mktemp("editable"))


def test_wheel_holds_two_names_and_all_data(wheel):
    names = {path.name for path in wheel.iterdir()}
    assert {name for name in names if not name.endswith(".dist-info")} == {
        "spe1.py",
        "spe1_builder",
    }
    package = SOURCE / "spe1_builder"
    ours = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    installed = {
        path.relative_to(wheel / "spe1_builder").as_posix()
        for path in (wheel / "spe1_builder").rglob("*")
        if path.is_file()
    }
    assert installed == ours
    assert {"py.typed", "cells.csv", "dataset/card/card_body.md"} <= installed


#: The public parts of the real recordings, with their own licence.
SCRAPS = ("scraps.npz", "faults.csv", "published_positions.csv", "README.md", "LICENSE")


def test_wheel_holds_the_scraps_and_their_licence(wheel):
    folder = wheel / "spe1_builder/source/scraps"
    assert sum((folder / name).stat().st_size for name in SCRAPS) < 1_000_000
    (about,) = wheel.glob("*.dist-info")
    licences = {path.read_bytes() for path in about.glob("licenses/**/LICENSE")}
    assert licences == {(PROJECT / "LICENSE").read_bytes(), (folder / "LICENSE").read_bytes()}
    metadata = (about / "METADATA").read_text(encoding="utf-8")
    assert "License-Expression: MIT AND CC-BY-SA-4.0\n" in metadata


def test_sdist_holds_the_scraps_too(tmp_path):
    code = f"from hatchling.build import build_sdist; build_sdist({str(tmp_path)!r})"
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=True, capture_output=True)
    (path,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.split("/", 1)[-1] for name in archive.getnames()}
    path.unlink()
    folder = "builder/spe1_builder/source/scraps"
    assert {f"{folder}/{name}" for name in SCRAPS} <= names
    assert "scripts/make_scraps.py" in names


def test_the_command_is_installed(wheel):
    (entry_points,) = wheel.glob("*.dist-info/entry_points.txt")
    assert "spe1 = spe1_builder.cli.app:main" in entry_points.read_text()


@pytest.fixture(params=["wheel", "editable", "in place"])
def place(request) -> Path:
    """Where the package is installed."""
    return PROJECT if request.param == "in place" else request.getfixturevalue(request.param)


def test_import_beside_a_foreign_builder_and_a_data_folder(place, tmp_path):
    (tmp_path / "builder.py").write_text("raise ImportError('somebody else')\n")
    (tmp_path / "spe1").mkdir()
    code = (
        "import site, sys\n"
        f"site.addsitedir({str(place)!r}); sys.path += {THIRD_PARTIES!r}\n"
        "import spe1, spe1_builder\n"
        "from spe1_builder import cells\n"
        "print(spe1.__file__, spe1_builder.__file__, len(cells.catalogue()), spe1.Spe1.__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=tmp_path,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    module, package, *rest = done.stdout.split()
    home = place if (place / "spe1.py").exists() else PROJECT
    assert Path(module) == home / "spe1.py"
    assert Path(package).parents[1] == (SOURCE if home == PROJECT else home)
    assert rest == ["43", "Spe1"]


def test_a_package_from_elsewhere_is_refused(wheel, tmp_path):
    """The checkout's ``spe1.py`` copied away, beside an installed package of another version."""
    (tmp_path / "spe1.py").write_bytes((PROJECT / "spe1.py").read_bytes())
    code = f"import sys; sys.path += {[str(wheel), *THIRD_PARTIES]!r}; import spe1"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "its package comes from elsewhere" in done.stderr


def test_run_as_a_module(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "spe1", "--version"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("spe1 ")


def test_in_a_zip(wheel, tmp_path):
    """A wheel on the path as it is: everything but the stored machine code works."""
    (archive,) = wheel.parent.glob("*.whl")
    code = (
        f"import sys; sys.path[:0] = [{str(archive)!r}]; sys.path += {THIRD_PARTIES!r}\n"
        "import spe1\n"
        "from spe1_builder.dataset.card.card import card_text\n"
        "from spe1_builder.signal.bandpass.preprocess import make_preprocessor\n"
        "print(len(spe1.cells()), 'license' in card_text([]), len(spe1.scraps()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["43", "True", "21"], done.stderr
