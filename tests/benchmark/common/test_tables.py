"""Tables in Markdown and HTML: words left, numbers right, nothing that breaks a row."""

from spe1_builder.benchmark.common.page import table_html
from spe1_builder.benchmark.common.scores import Interval
from spe1_builder.benchmark.common.tables import NOTHING, Table, between, share, um

TABLE = Table("Cells", ("cell", "error, um"), (("c14", "3.2"), ("a|b <c>", NOTHING)), "A note.")


def test_markdown():
    assert TABLE.markdown().splitlines() == [
        *("**Cells**", ""),
        "| cell | error, um |",
        "| :--- | ---: |",
        "| c14 | 3.2 |",
        "| a\\|b <c> | - |",
        *("", "A note."),
    ]


def test_html():
    html = table_html(TABLE)
    assert "<th>cell</th>" in html and '<th class="n">error, um</th>' in html
    assert "<td>a|b &lt;c&gt;</td>" in html and "A note." in html


def test_which_columns_hold_words_can_be_said():
    other = Table("Units", ("unit", "cell"), (("1", "c14"),), words=frozenset({"unit"}))
    assert other.is_left == (True, False)


def test_numbers():
    assert (share(0.12345), um(12.345), share(None), um(None)) == ("0.123", "12.3", "-", "-")
    assert between(Interval(low=1.0, high=2.0), um) == " [1.0, 2.0]"
    assert between(None, um) == ""
