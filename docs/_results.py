"""Hook of mkdocs: tables and figures of the committed results, in the pages that quote them.

``<!-- semi-real: TITLE -->`` and ``<!-- digitised: TITLE -->`` become the table of
``localization_benchmark.json`` whose title begins so; a page that asks for one that is not there
fails the build.
"""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from spe1_builder.benchmark.common.figure_style import png
from spe1_builder.benchmark.localization.figures.all import draw_figures
from spe1_builder.benchmark.localization.schema import LocalizationBenchmark, read_benchmark
from spe1_builder.benchmark.localization.tables import tables

RESULT = Path(__file__).resolve().parents[1] / "localization_benchmark.json"
#: Figures of the digitised part that pages show.
FIGURES = ("published", "hits")
_TABLE = re.compile(r"<!-- (?P<part>semi-real|digitised): (?P<title>[^>]+?) -->")


def parts() -> dict[str, LocalizationBenchmark]:
    """The committed result and the part of it on real neurons, by the word in the pages."""
    result = read_benchmark(RESULT)
    if result.digitised is None:
        raise PluginError(f"{RESULT} has no part on real neurons: make benchmark-example")
    return {"semi-real": result, "digitised": result.digitised}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Draw the figures."""
    drawn = draw_figures(parts()["digitised"])
    for name in FIGURES:
        files.append(File.generated(config, f"{name}.png", content=png(drawn[name])))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put the tables in."""
    if not _TABLE.search(markdown):
        return markdown
    results = parts()

    def table(match: re.Match[str]) -> str:
        known = tables(results[match["part"]])
        found = [one for one in known if one.title.startswith(match["title"])]
        if len(found) != 1:
            titles = ", ".join(repr(one.title) for one in known)
            raise PluginError(
                f"{page.file.src_uri} asks for the table {match['title']!r}; there are: {titles}"
            )
        return found[0].markdown()

    return _TABLE.sub(table, markdown)
