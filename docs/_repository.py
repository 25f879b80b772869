"""Hook of mkdocs: files outside ``docs/`` that pages show, at places of their own on the site.

Links are written so that they work in the repository; here they are led to where the same
file lies on the site.
"""

from __future__ import annotations

import os.path
import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

#: From the repository's root to the site's; a file that a page links to has to be here.
PUBLISHED = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "CITATION.cff": "CITATION.cff",
    "speed/results/scaling.png": "scaling.png",
    "examples/README.md": "examples/index.md",
    **{
        f"examples/{name}.py": f"examples/{name}.py"
        for name in (
            "01_first_look",
            "02_spikeinterface",
            "03_train_a_localizer",
            "04_detect_spikes",
            "05_spikes_in_sql",
        )
    },
}
_FROM_SITE = {site: repository for repository, site in PUBLISHED.items()}
#: `[text](target)` and `![text](target)`, with the part after `#` apart.
_LINK = re.compile(r"(?<=\]\()(?!https?:)(?P<path>[^()#\s]+)(?P<anchor>#[^()\s]*)?(?=\))")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files, without a copy in the repository."""
    project = Path(config.config_file_path).parent
    for repository, site in PUBLISHED.items():
        files.append(File.generated(config, site, abs_src_path=str(project / repository)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead a page's links to the site's places; mkdocs reports those that lead nowhere."""
    here = page.file.src_uri
    place = _FROM_SITE.get(here, f"docs/{here}")

    def to_site(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(place), match["path"]))
        is_page = target.startswith("docs/")
        # Anything else stays outside the site, where mkdocs does not find it.
        site = target.removeprefix("docs/") if is_page else PUBLISHED.get(target, f"../{target}")
        return os.path.relpath(site, posixpath.dirname(here) or ".") + (match["anchor"] or "")

    return _LINK.sub(to_site, markdown)
