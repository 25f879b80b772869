"""One self-contained HTML page: opens offline, on a phone, and prints."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from string import Template
from typing import Any

from spe1_builder.benchmark.common.tables import Table
from spe1_builder.packaged import packaged_text


@dataclass(frozen=True)
class Page:
    """What a page holds; texts are words, sections and footer are HTML.

    Attributes
    ----------
    name : str
        Of the browser's window.
    title : str
    intro : str
    not_recorded : tuple of str or None
        In a word and in a sentence, where it is so: stands in a banner.
    sections : mapping of str to str
        HTML by heading.
    footer : str
        HTML.
    """

    name: str
    title: str
    intro: str
    not_recorded: tuple[str, str] | None
    sections: Mapping[str, str]
    footer: str

    def html(self) -> str:
        """The whole page."""
        template = Template(packaged_text("benchmark/common/page.html"))
        banner = ""
        if self.not_recorded is not None:
            word, sentence = map(escape, self.not_recorded)
            banner = f'<p class="banner"><strong>{word.capitalize()}.</strong> {sentence}.</p>'
        return template.substitute(
            name=escape(self.name),
            title=escape(self.title),
            banner=banner,
            intro=escape(self.intro),
            sections="\n".join(
                f"<h2>{escape(heading)}</h2>\n{html}" for heading, html in self.sections.items()
            ),
            footer=self.footer,
        )


def table_html(table: Table) -> str:
    """A table under its title, as a section's HTML."""
    classes = ["" if is_left else ' class="n"' for is_left in table.is_left]
    head = "".join(
        f"<th{kind}>{escape(name)}</th>" for kind, name in zip(classes, table.columns, strict=True)
    )
    body = "\n".join(
        "<tr>"
        + "".join(f"<td{kind}>{escape(text)}</td>" for kind, text in zip(classes, row, strict=True))
        + "</tr>"
        for row in table.rows
    )
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    return (
        f"<h3>{escape(table.title)}</h3>\n"
        f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody>'
        f"</table></div>{note}"
    )


def figure_html(caption: str, svg: bytes) -> str:
    """An SVG file and its caption, as a section's HTML."""
    data, words = base64.b64encode(svg).decode("ascii"), escape(caption)
    return (
        f'<figure><div class="wide"><img alt="{words}" '
        f'src="data:image/svg+xml;base64,{data}"></div><figcaption>{words}</figcaption></figure>'
    )


def facts_html(title: str, facts: Mapping[str, Any]) -> str:
    """Names and values as a two-column table, nested values as JSON."""
    rows = "\n".join(
        f"<tr><td>{escape(name)}</td><td><code>{escape(_written(value))}</code></td></tr>"
        for name, value in facts.items()
    )
    return f'<h3>{escape(title)}</h3><div class="wide"><table class="facts">{rows}</table></div>'


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
