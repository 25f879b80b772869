"""Hook of mkdocs: the entries of the API page, from ``spe1.__all__``, so that none is forgotten."""

from __future__ import annotations

import inspect

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

import spe1

#: In ``api.md``, where the entries go.
MARKER = "<!-- entries of spe1.__all__ -->"
#: Headings in the order of the page.
KINDS = ("Functions", "Classes", "Errors", "Values")


def kind_of(name: str) -> str:
    """The heading under which a public name stands."""
    value = getattr(spe1, name)
    if inspect.isclass(value):
        return "Errors" if issubclass(value, BaseException) else "Classes"
    return "Functions" if inspect.isroutine(value) else "Values"


def entries() -> str:
    """The page's entries, in Markdown for mkdocstrings."""
    lines = []
    for kind in KINDS:
        names = [name for name in spe1.__all__ if kind_of(name) == kind]
        if names:
            lines += [f"## {kind}", *(f"::: spe1.{name}" for name in names)]
    return "\n\n".join(lines)


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put the entries into the API page."""
    if page.file.src_uri != "api.md":
        return markdown
    if MARKER not in markdown:
        raise ValueError(f"docs/api.md lacks the line {MARKER}")
    return markdown.replace(MARKER, entries())
