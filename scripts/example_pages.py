"""Run the notebooks of ``examples/`` and write their pages, with output and pictures.

    python scripts/example_pages.py [--folder DIR] [NAME ...]

DIR (``build/examples``) gets six semi-real cells, unless they are there: 17 GB.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import spe1
from spe1_builder.source.simulation.options import SEMI_REAL

if TYPE_CHECKING:
    from nbformat import NotebookNode

PROJECT = Path(__file__).resolve().parents[1]
SOURCES = PROJECT / "examples"
PAGES = PROJECT / "docs" / "examples"
CELLS = ("c14", "c15", "c16", "c26", "c29", "c37")
#: Real footprints, places and spike trains: of a planted neuron at 150 uV every detector scores 1.
SIMULATION = replace(SEMI_REAL, duration_s=40.0)
#: Longest time that one cell of a notebook may take.
TIMEOUT_S = 600
#: pandas writes one into each table.
_STYLE = re.compile(r"<style scoped>.*?</style>\s*", re.DOTALL)
_ADDRESS = re.compile(r"\[?<.* at 0x[0-9a-f]+>.*", re.DOTALL)


def notebooks() -> list[Path]:
    """The notebooks as text, in their order."""
    return sorted(SOURCES.glob("[0-9]*.py"))


def read_notebook(source: Path) -> NotebookNode:
    """A notebook as Jupyter has it."""
    import jupytext

    return jupytext.read(source)


def make_root(folder: Path) -> None:
    """Simulate and build the cells, where they are not there."""
    folder.mkdir(parents=True, exist_ok=True)
    spe1.simulate(folder / ".raw", CELLS, SIMULATION)
    for cell_id in CELLS:
        spe1.build(cell_id, raw_dir=folder / ".raw", root=folder / "spe1", skip_seconds=1.0)


def write_page(source: Path, folder: Path) -> Path:
    """Run a notebook in ``folder`` and write its page; returns its path."""
    from nbclient import NotebookClient

    notebook = read_notebook(source)
    NotebookClient(
        notebook, timeout=TIMEOUT_S, resources={"metadata": {"path": str(folder)}}
    ).execute()
    body, pictures = _markdown(notebook, source.stem)
    shown = PAGES / source.stem
    shutil.rmtree(shown, ignore_errors=True)
    if pictures:
        shown.mkdir(parents=True)
    for name, content in pictures.items():
        (PAGES / name).write_bytes(content)
    page = PAGES / f"{source.stem}.md"
    page.write_text(body, encoding="utf-8")
    return page


def _markdown(notebook: NotebookNode, name: str) -> tuple[str, dict[str, bytes]]:
    """The page's text, and its pictures by path from where it lies."""
    from nbconvert import MarkdownExporter

    for cell in notebook.cells:
        # Progress bars and third parties' warnings are for who runs it.
        cell.outputs = [
            output for output in cell.get("outputs", []) if output.get("name") != "stderr"
        ]
    exporter = MarkdownExporter()
    body, resources = exporter.from_notebook_node(
        notebook, resources={"output_files_dir": name, "unique_key": "picture"}
    )
    body = _STYLE.sub("", body)
    title, rest = body.lstrip().split("\n", 1)
    link = f"Source: [examples/{name}.py](../../examples/{name}.py)."
    text = "\n".join(line.rstrip() for line in f"{title}\n\n{link}\n{rest}".splitlines())
    return text.strip() + "\n", dict(resources["outputs"])


def _is_shown(output: NotebookNode) -> bool:
    """Not progress bars and warnings of third parties, nor the address of what a plot returns."""
    if output.output_type == "stream":
        return bool(output.name != "stderr")
    data = output.get("data", {})
    return not (set(data) == {"text/plain"} and _ADDRESS.fullmatch(data["text/plain"].strip()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="beginnings of names; all by default")
    parser.add_argument("--folder", type=Path, default=PROJECT / "build" / "examples")
    arguments = parser.parse_args()
    os.environ["HF_HUB_OFFLINE"] = "1"
    folder = arguments.folder.resolve()
    make_root(folder)
    PAGES.mkdir(exist_ok=True)
    for source in notebooks():
        if not arguments.names or source.stem.startswith(tuple(arguments.names)):
            print(write_page(source, folder).relative_to(PROJECT), flush=True)


if __name__ == "__main__":
    main()
