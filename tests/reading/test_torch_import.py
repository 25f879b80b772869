"""`spe1.torch`: a name in a module, light, and clear where torch is missing."""

import pickle
import subprocess
import sys

import pytest

import spe1
from spe1_builder.errors import MissingPackageError, Spe1Error
from tests.support.project import PROJECT

NO_TORCH = "import sys; sys.modules['torch'] = None\n"


def run(code: str, cwd=PROJECT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
    )


@pytest.mark.parametrize(
    "code",
    [
        "from spe1.torch import SpikeWindows; print(SpikeWindows.__name__)",
        "import spe1.torch as st; import torch; torch.zeros(1)\n"
        "import spe1; assert spe1.torch is st; from spe1 import torch; assert torch is st\n"
        "import importlib; assert importlib.import_module('spe1.torch') is st\n"
        "print(st.SpikeWindows.__name__)",
    ],
)
def test_every_way_to_name_it(code, tmp_path):
    (tmp_path / "spe1").mkdir()  # the data lie beside whoever reads them
    done = run(code, tmp_path)
    assert done.stdout == "SpikeWindows\n", done.stderr


def test_it_is_light_until_it_is_used():
    code = (
        "import sys, spe1\n"
        "dir(spe1.torch)  # an attribute, without an import of its own\n"
        "import spe1.torch\n"
        "dir(spe1.torch), repr(spe1.torch), hasattr(spe1.torch, 'gone')\n"
        "print('torch' in sys.modules)\n"
        "spe1.torch.RandomWindows\n"
        "print('torch' in sys.modules, sys.modules['torch'].__name__)\n"
    )
    done = run(code)
    assert done.stdout == "False\nTrue torch\n", done.stderr


def test_its_names():
    assert dir(spe1.torch) == sorted(spe1.torch.__all__)
    assert all(getattr(spe1.torch, name).__name__ == name for name in spe1.torch.__all__)
    with pytest.raises(AttributeError, match="no attribute 'gone'"):
        spe1.torch.gone  # noqa: B018


def test_without_torch():
    """Each use by itself says what is missing; the rest works."""
    code = (
        "import traceback\n"
        "import spe1, spe1.torch\n"
        "for use in (\n"
        "    'import spe1; spe1.torch.SpikeWindows(0)',\n"
        "    'import spe1.torch; spe1.torch.RandomWindows',\n"
        "    'from spe1.torch import SpikeWindows',\n"
        "):\n"
        "    try: exec(use)\n"
        "    except ImportError: traceback.print_exc()\n"
        "print(spe1.cells().num_rows)\n"
    )
    done = run(NO_TORCH + code)
    assert done.stdout == "43\n", done.stderr
    for words in (
        "MissingPackageError: spe1.torch needs PyTorch",
        "--index-url https://download.pytorch.org/whl/cpu",
        'pip install "spe1[torch]"',
    ):
        assert done.stderr.count(words) == 3, done.stderr


def test_what_is_missing_is_an_import_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError) as caught:
        spe1.torch.SpikeWindows  # noqa: B018
    assert isinstance(caught.value, Spe1Error)
    copied = pickle.loads(pickle.dumps(caught.value))
    assert isinstance(copied, MissingPackageError) and str(copied) == str(caught.value)
