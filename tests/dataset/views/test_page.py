"""The page of the schema has the columns of each view as they are declared."""

import pytest

from spe1_builder.dataset.views import VIEWS
from spe1_builder.dataset.views.view import IMAGE, View
from tests.support.project import PROJECT

PAGE = (PROJECT / "docs/schema.md").read_text(encoding="utf-8")


def table(view: View) -> str:
    lines = ["| column | type | unit | meaning |", "|---|---|---|---|"]
    for column in view.columns:
        kind = "Image" if column.kind == IMAGE else f"`{column.kind}`"
        lines.append(f"| `{column.name}` | {kind} | {column.unit} | {column.meaning} |")
    return "\n".join(lines)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_page_has_every_column(view):
    wanted = f"\n### {view.name}\n"
    assert wanted in PAGE
    section = PAGE.split(wanted)[1].split("\n#")[0]
    assert table(view) in section, f"docs/schema.md should have:\n{table(view)}"
    assert f"{' and '.join(f'`{split}`' for split in view.splits)}" in section


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_every_column_has_a_meaning_and_its_unit(view):
    units = {"_um": "µm", "_uV": "µV", "_s": "s", "_hz": "Hz"}
    for column in view.columns:
        assert column.meaning
        for end, unit in units.items():
            if column.name.endswith(end):
                assert column.unit == unit
