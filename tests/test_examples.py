"""The notebooks run on small cells, and their pages show the code that they have."""

import os
import re
import subprocess
import sys

import pytest

from scripts.example_pages import PAGES, notebooks, read_notebook
from tests.support.project import PROJECT

#: What is made smaller, or is another cell, on cells of 2 s; each must be in the notebook.
SMALLER = {
    "01_first_look": {},
    "02_spikeinterface": {'"n_clusters": 20': '"n_clusters": 3'},
    "03_train_a_localizer": {"n_steps=300": "n_steps=5"},
    "04_detect_spikes": {
        "range(12)": "range(1)",
        "n_windows=1024": "n_windows=64",
        '"c29"': '"c14"',
    },
    "05_spikes_in_sql": {},
}
#: All in one process, where torch and SpikeInterface are imported once.
DRIVER = """
import sys
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
for path in sys.argv[1:]:
    print("running", path, flush=True)
    with open(path, encoding="utf-8") as file:
        code = compile(file.read(), path, "exec")
    exec(code, {"__name__": "__main__"})
    assert plt.get_fignums() or "sql" in path, "no picture was drawn"
    plt.close("all")
print("done")
"""


def test_each_runs(two_cells, tmp_path):
    assert [path.stem for path in notebooks()] == list(SMALLER)
    (tmp_path / "spe1").symlink_to(two_cells)
    paths = []
    for source in notebooks():
        code = source.read_text(encoding="utf-8")
        for old, new in SMALLER[source.stem].items():
            assert old in code
            code = code.replace(old, new)
        path = tmp_path / source.name
        path.write_text(code, encoding="utf-8")
        paths.append(str(path))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", DRIVER, *paths],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": f"{PROJECT}{os.pathsep}{PROJECT / 'builder'}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-3000:]
    assert done.stdout.endswith("done\n")


@pytest.mark.parametrize("source", notebooks(), ids=lambda path: path.stem)
def test_the_page_shows_this_code(source):
    """After a change of a notebook: make examples."""
    page = (PAGES / f"{source.stem}.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    cells = [cell for cell in read_notebook(source).cells if cell.cell_type == "code"]
    assert [_plain(code) for code in shown] == [_plain(cell.source) for cell in cells]
    for picture in re.findall(r"!\[png\]\((.*?)\)", page):
        assert (PAGES / picture).is_file()


def _plain(code: str) -> list[str]:
    return [line.rstrip() for line in code.strip().splitlines()]
