"""The index of a root: which of its files are not as they were written."""

from __future__ import annotations

from spe1_builder.dataset.card.root_files import index_text
from spe1_builder.dataset.findings import Report
from spe1_builder.disk.bounded import read_bounded
from spe1_builder.errors import Spe1Error
from spe1_builder.layout import INDEX_NAME, RootLayout

#: No index comes near it.
_LARGEST_BYTES = 10_000_000


class Index:
    """``checksums.sha256`` beside the hashes that the files have now.

    Parameters
    ----------
    layout : RootLayout
    report : Report
        Told if there is no index that can be read.
    """

    def __init__(self, layout: RootLayout, report: Report):
        self._recorded: dict[str, str] = {}
        self._found: dict[str, str] = {}
        self.is_readable = False
        try:
            recorded = read_bounded(layout.index, _LARGEST_BYTES, "The index of hashes").decode()
            found = index_text(layout)
        except (Spe1Error, OSError, UnicodeDecodeError) as error:
            add_error(report, INDEX_NAME, error)
            return
        self._recorded, self._found = _by_name(recorded), _by_name(found)
        self._text = recorded
        self.is_readable = True

    def accept(self, name: str) -> None:
        """Take a file as it is: somebody who may has changed it since."""
        if name in self._recorded and name in self._found:
            self._found[name] = self._recorded[name]

    def tell(self, name: str, report: Report) -> bool:
        """Whether a file differs from the index, and nothing was wrong with it yet: a finding."""
        recorded, found = self._recorded.get(name), self._found.get(name)
        if not self.is_readable or recorded == found or report.has(name):
            return False
        report.add(
            name,
            f"sha256 of {INDEX_NAME} (its content was not looked at)",
            expected=recorded or "not listed",
            got=found or "no such file",
        )
        return True

    def tell_rest(self, report: Report) -> None:
        """Every file that differs and was not told; asked last."""
        if not self.is_readable:
            return
        for name in sorted(self._recorded.keys() | self._found.keys()):
            self.tell(name, report)
        if self._recorded == self._found and self._text != _as_text(self._found):
            fact = "the same hashes in another form than they were written in"
            report.add(INDEX_NAME, fact)


def _by_name(text: str) -> dict[str, str]:
    return dict(line.split("  ", 1)[::-1] for line in text.splitlines() if "  " in line)


def _as_text(hashes: dict[str, str]) -> str:
    """As `index_text` writes it, in whose order they are."""
    return "".join(f"{digest}  {name}\n" for name, digest in hashes.items())


def add_error(report: Report, where: str, error: Exception) -> None:
    if isinstance(error, Spe1Error):
        report.add(where, error.what.rstrip("."), expected=error.expected, got=error.got)
    else:
        report.add(where, "cannot be read", got=error)
