"""Old and new `datasets` load what we write, the oldest SpikeInterface opens it; each in an
environment of its own.

Not in the quick suite: it installs packages (``make test-environments``). With
SPE1_FULL_ROOT set to a root that holds a full-size cell (``speed/full_cell.py
--keep``) that one is loaded too: what breaks beyond 62 rows only shows there.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.environments

VERSIONS = ["datasets==3.6.0", "datasets==4.0.0", "datasets"]

#: Runs in the other environment, which has nothing of ours.
LOADER = """
import hashlib, json, sys
import datasets, numpy as np
from datasets import load_dataset, load_dataset_builder, load_from_disk

root, cell, cache, streams = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4] == "stream"

def traces(split, i):
    row = split.select_columns(["cp"]).with_format("arrow")[i]["cp"]
    return row.chunk(0).flatten().flatten().to_numpy(zero_copy_only=True)

def digest(splits):
    return {
        name: [
            len(split),
            hashlib.sha256(str(split["sample_id"][:]).encode()).hexdigest(),
            [hashlib.sha256(traces(split, i)).hexdigest() for i in (0, len(split) // 2)],
            hashlib.sha256(traces(split, len(split) - 1)).hexdigest(),
            hashlib.sha256(str(split.select_columns(["ctt", "cit"])[-1]).encode()).hexdigest(),
        ]
        for name, split in splits.items()
    }

def views():
    # Rows of each view, and what the card says of a cell; without a name it is the cells.
    default = load_dataset(root, cache_dir=cache)["train"]
    names = {"cells": default[0]["cell_id"], "picture": default[0]["quicklook"].size}
    for name in ("spikes", "mini"):
        for split, rows in load_dataset(root, name=name, cache_dir=cache).items():
            table = rows.with_format("arrow")[:].to_pydict()
            names[name + split] = [len(rows), hashlib.sha256(str(table).encode()).hexdigest()]
    info = load_dataset_builder(root, cell, cache_dir=cache).info
    return {**names, "features": list(info.features), "license": info.license}

mapped = digest(load_from_disk(root + "/" + cell))
copied = digest(load_dataset(root, name=cell, cache_dir=cache))
assert mapped == copied, (mapped, copied)
if streams:
    first = next(iter(load_dataset(root, name=cell, streaming=True)["train"]))
    values = np.concatenate([np.asarray(channel, np.float32) for channel in first["cp"]])
    assert hashlib.sha256(values).hexdigest() == mapped["train"][2][0]
seen = views() if streams else None
print(json.dumps({"version": datasets.__version__, "digest": mapped, "views": seen}))
"""


def _roots(built):
    yield built.folder.parent, "c14", "stream"
    if "SPE1_FULL_ROOT" in os.environ:
        yield Path(os.environ["SPE1_FULL_ROOT"]), "c14", "no"


@pytest.mark.parametrize("requirement", VERSIONS)
def test_datasets_loads_the_folder(requirement, built, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv/bin/python"
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # Pictures are decoded by pillow, which `datasets` leaves to its user.
    subprocess.run([*install, requirement, "pillow"], check=True)
    ours = Path(sys.executable)
    for root, cell_id, streams in _roots(built):
        answers = []
        for interpreter in (python, ours):
            cache = tmp_path / "cache" / interpreter.parent.parent.name / root.parent.name
            done = subprocess.run(
                [interpreter, "-c", LOADER, root, cell_id, cache, streams],
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{requirement}:\n{done.stderr[-3000:]}"
            answers.append(json.loads(done.stdout))
            subprocess.run(["rm", "-rf", cache], check=True)
        assert answers[0]["digest"] == answers[1]["digest"]
        assert answers[0]["views"] == answers[1]["views"]
        if "==" in requirement:
            assert answers[0]["version"] == requirement.split("==")[1]


def test_the_oldest_spikeinterface_opens_cells(tmp_path):
    """The tests of `spe1.open_recording` and its like, under the oldest version in the range."""
    project = Path(__file__).parents[1]
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv/bin/python"
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    wanted = [f"{project}[examples]", "spikeinterface==0.102.0", "pytest", "hypothesis"]
    subprocess.run([*install, *wanted], check=True)
    run = [python, "-m", "pytest", "tests/reading/spikeinterface", "-p", "no:cacheprovider"]
    # It leaves files open, and warns of it at any time.
    quiet = ["-W", "ignore::ResourceWarning"]
    quiet += ["-W", "ignore::pytest.PytestUnraisableExceptionWarning"]
    done = subprocess.run([*run, *quiet], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


def test_wheel_holds_everything(tmp_path):
    """Installed from a wheel, away from the checkout: it imports and knows its cells."""
    project = Path(__file__).parents[1]
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, str(project), "-w", str(tmp_path)], check=True)
    wheel = next(tmp_path.glob("spe1-*.whl"))
    target = tmp_path / "installed"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    subprocess.run([*install, str(target), str(wheel)], check=True)
    (tmp_path / "spe1").mkdir()  # a data folder beside does not hide the module
    code = (
        "import spe1, builder, spe1_builder.dataset.card.card as card\n"
        "print(spe1.__file__, len(spe1.Spe1.builder_configs), len(card.card_text([])) > 1000)"
    )
    done = subprocess.run(
        # -P: not the working folder first, as for any installed script
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(target)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == [str(target / "spe1.py"), "43", "True"], done.stderr
