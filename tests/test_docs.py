"""What the documentation shows runs: docstring examples, Python blocks, the site."""

import ast
import doctest
import importlib
import inspect
import os
import re
import runpy
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import spe1
from tests.support.project import PACKAGE, PROJECT, SOURCE

PAGES = ["README.md", *sorted(f"docs/{path.name}" for path in (PROJECT / "docs").glob("*.md"))]
#: Stands on the line before a block that a machine without account and network cannot run.
NOT_RUN = "<!-- not run: "
#: `download_cell` needs an account, `fetch` the Hub.
WITHOUT_EXAMPLE = {"check_published", "download_cell", "fetch", "publish"}


@pytest.fixture
def folder(archive, built, tmp_path, monkeypatch) -> Path:
    """The current folder: ``spe1/c14``, built, and the raw archive ``.raw``; links, no copies."""
    shutil.copytree(built.folder.parent, tmp_path / "spe1", copy_function=os.link)
    shutil.copytree(archive.raw_dir, tmp_path / ".raw", copy_function=os.link)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    shutil.rmtree(tmp_path)


def _module_name(path: Path) -> str:
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")


def _modules_with_examples() -> list[str]:
    """Those that define what `spe1` offers, and all that have an example."""
    public = {getattr(spe1, name).__module__ for name in spe1.__all__}
    files = (path for path in PACKAGE.rglob("*.py") if ">>> " in path.read_text(encoding="utf-8"))
    return sorted(public | {_module_name(path) for path in files})


@pytest.mark.parametrize("name", _modules_with_examples())
def test_docstring_examples_run(name, folder):
    module = importlib.import_module(name)
    runner = doctest.DocTestRunner(
        verbose=False, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    )
    told = []
    for test in doctest.DocTestFinder().find(module, name):
        runner.run(test, out=told.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(told)
    skipped = "doctest: +" + "SKIP"
    assert skipped not in inspect.getsource(module)


def test_public_functions_have_examples():
    functions = [name for name in spe1.__all__ if inspect.isfunction(getattr(spe1, name))]
    lacking = {name for name in functions if ">>> " not in (getattr(spe1, name).__doc__ or "")}
    assert lacking == WITHOUT_EXAMPLE


def _blocks(page: str) -> list[tuple[int, str]]:
    """Python blocks of a page that run: the line of the first statement, and the source."""
    lines = (PROJECT / page).read_text(encoding="utf-8").splitlines()
    blocks = []
    for start, line in enumerate(lines):
        if line == "```python" and not lines[start - 1].startswith(NOT_RUN):
            stop = lines.index("```", start)
            blocks.append((start + 1, "\n".join(lines[start + 1 : stop])))
    return blocks


@pytest.mark.filterwarnings("ignore:The (recording registered|registered recording).*")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
@pytest.mark.parametrize("page", [page for page in PAGES if _blocks(page)])
def test_python_blocks_run(page, folder):
    """One after the other, as somebody would type them."""
    names = {}
    for line, source in _blocks(page):
        code = compile("\n" * line + source, str(PROJECT / page), "exec")
        exec(code, names)


def test_python_blocks_are_found():
    """Every fence is either run, or marked with the reason why not."""
    for page in PAGES:
        text = (PROJECT / page).read_text(encoding="utf-8")
        n_marked = len(re.findall(rf"^{NOT_RUN}.+ -->\n```python$", text, re.MULTILINE))
        assert text.count("```py") == len(_blocks(page)) + n_marked, page
        for _, source in _blocks(page):
            ast.parse(source)
    assert _blocks("README.md") and _blocks("docs/loading.md")


class _Page(HTMLParser):
    """What a page asks for by itself, and the places in it."""

    def __init__(self, path: Path):
        super().__init__()
        self.fetched: set[str] = set()
        self.ids: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs) -> None:
        values = dict(attrs)
        self.ids.add(values.get("id") or "")
        is_link = tag == "link" and values.get("rel") != "canonical"
        target = values.get("href") if is_link else values.get("src")
        if target:
            self.fetched.add(target)


def _build_site(
    project: Path, site: Path, config: str = "mkdocs.yml"
) -> subprocess.CompletedProcess[str]:
    words = ("build", "--strict", "--config-file", config, "--site-dir", str(site))
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", *words],
        cwd=project,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_site_is_whole_and_needs_no_network(tmp_path):
    done = _build_site(PROJECT, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = {path.name: _Page(path) for path in tmp_path.glob("*.html")}
    assert {Path(page).stem for page in PAGES} - {"README"} <= {name[:-5] for name in pages}
    for name, page in pages.items():
        for target in page.fetched:
            assert "//" not in target, f"{name} fetches {target}"
            # The page of errors is served at any depth, so its links begin at the top.
            assert (tmp_path / target.split("?")[0].lstrip("/")).exists(), f"{name}: {target}"
    assert {f"spe1.{name}" for name in spe1.__all__} <= pages["api.html"].ids
    pictures = {target for page in pages.values() for target in page.fetched if "png" in target}
    assert {"quicklook.png", "degradation.png", "scaling.png"} <= pictures
    # What makes the site stays out of it; notebooks are there to be taken.
    assert {path.parent.name for path in tmp_path.rglob("*.py")} == {"examples"}
    assert not list(tmp_path.rglob("*.jinja"))
    shutil.rmtree(tmp_path)


#: The same site, of whatever pages there are; with ``plugins: [search]`` it reads no docstrings.
FEW_PAGES = """
INHERIT: mkdocs.yml
nav: null
hooks: [docs/_repository.py]
"""


@pytest.fixture
def few_pages(tmp_path) -> Path:
    """A project whose site is two pages of docs/, and of what the others are of only a title."""
    project = tmp_path / "project"
    (project / "docs").mkdir(parents=True)
    for name in ("mkdocs.yml", "spe1.py", "builder"):
        (project / name).symlink_to(PROJECT / name)
    for name in ("_repository.py", "_declared.py", "_templates", "site.css"):
        (project / "docs" / name).symlink_to(PROJECT / "docs" / name)
    published = runpy.run_path(str(PROJECT / "docs/_repository.py"))["PUBLISHED"]
    for name in (*published, "docs/building.md", "docs/loading.md"):
        (project / name).parent.mkdir(exist_ok=True, parents=True)
        (project / name).write_text("# Title\n", encoding="utf-8")
    yield project
    shutil.rmtree(tmp_path)


@pytest.mark.parametrize(
    ("text", "config", "words"),
    [
        (
            "[page](gone.md), [place](loading.md#gone), [not published](../spe1.py)",
            "plugins: [search]",
            ["'gone.md'", "'#gone'", "'../spe1.py'", "3 warnings"],
        ),
        pytest.param("::: spe1.gone", "", ["spe1.gone"], marks=pytest.mark.faults),
    ],
    ids=["links", "reference"],
)
def test_site_refuses_what_leads_nowhere(text, config, words, few_pages):
    (few_pages / "few.yml").write_text(f"{FEW_PAGES}{config}\n", encoding="utf-8")
    with (few_pages / "docs/building.md").open("a", encoding="utf-8") as file:
        file.write(f"\n{text}\n")
    done = _build_site(few_pages, few_pages / "site", "few.yml")
    assert done.returncode == 1
    assert [word for word in words if word not in done.stdout + done.stderr] == []
