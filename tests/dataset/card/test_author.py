"""What an author writes into the card stays, and the repo's name with it."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from datasets import load_dataset
from hypothesis import given, settings
from hypothesis import strategies as st

from spe1_builder.dataset.card.kept import kept_part, require_repo_id
from spe1_builder.dataset.card.root_files import write_card
from spe1_builder.dataset.verify import verify
from spe1_builder.dataset.write.build import build_cell
from spe1_builder.errors import OptionError
from spe1_builder.layout import CARD_END_MARKER, CARD_MARKER
from tests.support.recordings import SMALL
from tests.support.verify import found
from tests.support.verify import replace as replace_file

TEXT = "\n## Of ours\n\nWritten by hand: µV, ---\n---\n| a |\n"
PROMPT = "Say who you are.\n---\nThen: go on."


@pytest.fixture
def root(built, tmp_path) -> Path:
    root = tmp_path / "spe1"
    shutil.copytree(built.folder.parent, root, copy_function=os.link)
    yield root
    shutil.rmtree(tmp_path)


def write_in(card: Path, text: str = TEXT, **keys) -> str:
    """As an author does: below the end, and keys at the top of the YAML, in a form of theirs."""
    content = card.read_text(encoding="utf-8").removeprefix("---\n")
    at_top = yaml.safe_dump(keys, default_style='"') if keys else ""
    written = f"---\n{at_top}{content}{text}"
    replace_file(card, written.encode())
    return written


def header_of(card: Path) -> dict:
    return yaml.safe_load(card.read_text(encoding="utf-8").split("\n---\n")[0])


def test_it_stays_through_build_card_and_verify(root, archive):
    card = root / "README.md"
    write_in(card, extra_gated_prompt=PROMPT, viewer=True)
    assert found(root / "c14") == []  # nobody's fault
    options = replace(SMALL, skip_seconds=0.3)
    build_cell("c14", archive.sources, root, options, force=True)
    for _ in range(2):
        content = card.read_text(encoding="utf-8")
        assert content.endswith(f"{CARD_END_MARKER}\n{TEXT}")
        assert content.count(CARD_MARKER) == content.count(CARD_END_MARKER) == 1
        assert header_of(card)["extra_gated_prompt"] == PROMPT
        assert header_of(card)["viewer"] is True
        assert found(root / "c14") == []
        assert load_dataset(str(root), split="train")["cell_id"] == ["c14"]
        write_card(root)
        assert card.read_text(encoding="utf-8") == content


def test_verify_holds_the_part_that_is_made_to_the_cells(root):
    card = root / "README.md"
    write_in(card)
    content = card.read_text(encoding="utf-8")
    replace_file(card, content.replace("2.34375", "2.34").encode())
    fact = "not the card that these cells have (spe1 card writes it again)"
    assert found(root / "c14") == [("/README.md", fact)]
    replace_file(card, content.replace("pretty_name: '", "pretty_name: 'The ").encode())
    assert found(root / "c14") == [("/README.md", fact)]
    write_card(root)
    assert card.read_text(encoding="utf-8") == content and verify(root).ok


def test_a_card_of_an_older_version_is_made_as_a_whole(root):
    card = root / "README.md"
    made = card.read_text(encoding="utf-8")
    older = made.replace(f"{CARD_END_MARKER}\n", "old words\n").replace("---\n", "---\nold: 1\n", 1)
    replace_file(card, older.encode())
    write_card(root)
    assert card.read_text(encoding="utf-8") == made


@pytest.mark.parametrize("top", ["---\na: [\n", "---\n- a\n", "no yaml\n", "---\na: !!bool x\n"])
def test_what_would_be_lost_stops_the_work_before_it_starts(root, archive, top):
    card = root / "README.md"
    content = top + card.read_text(encoding="utf-8").removeprefix("---\n") + TEXT
    replace_file(card, content.encode())
    with pytest.raises(OptionError, match="would be lost"):
        write_card(root)
    with pytest.raises(OptionError, match="would be lost"):
        build_cell("c14", archive.sources, root, SMALL, force=True)
    assert card.read_text(encoding="utf-8") == content
    assert ("/README.md", "the card cannot be read") in found(root / "c14")


def test_the_repo_is_kept(root, archive):
    card, croissant = root / "README.md", root / "croissant.json"
    assert "USER/spe1" in card.read_text(encoding="utf-8")
    write_card(root, repo_id="user/spe1")
    text = card.read_text(encoding="utf-8")
    assert 'snapshot_download("user/spe1"' in text and "USER/spe1" not in text
    assert "https://huggingface.co/datasets/user/spe1" in croissant.read_text(encoding="utf-8")
    assert verify(root).ok
    options = replace(SMALL, skip_seconds=0.3)
    build_cell("c14", archive.sources, root, options, force=True)
    assert 'snapshot_download("user/spe1"' in card.read_text(encoding="utf-8")
    write_card(root, repo_id="other/name")
    assert "user/spe1" not in card.read_text(encoding="utf-8") and verify(root).ok


@pytest.mark.parametrize("name", ["spe1", "a/b/c", "https://huggingface.co/a/b", "a/b-->", "a b/c"])
def test_what_is_no_repo_is_refused(root, name):
    before = (root / "README.md").read_bytes()
    with pytest.raises(OptionError, match="not the name of a repo"):
        write_card(root, repo_id=name)
    assert (root / "README.md").read_bytes() == before
    # Nor is it taken from a card that somebody edited.
    edited = before.replace(
        f"{CARD_MARKER}\n".encode(), f"{CARD_MARKER}\n<!-- {name} -->\n".encode()
    )
    assert kept_part(edited, root / "README.md").repo_id is None


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


@given(
    TEXTS,
    st.dictionaries(
        st.from_regex(r"[a-z_]{1,12}", fullmatch=True).map(lambda name: f"x_{name}"),
        st.recursive(
            st.none() | st.booleans() | st.integers() | TEXTS,
            lambda inner: st.lists(inner) | st.dictionaries(st.text("ab"), inner),
            max_leaves=5,
        ),
        max_size=3,
    ),
)
@settings(max_examples=100, deadline=None)
def test_whatever_is_written_stays(text, keys):
    """A card made again of its own author's part is the same card."""
    from spe1_builder.dataset.card.card import card_text
    from spe1_builder.dataset.card.kept import KeptPart

    kept = KeptPart("user/spe1", keys, text)
    card = card_text([], kept=kept)
    again = kept_part(card.encode(), Path("README.md"))
    assert again.repo_id == "user/spe1" and again.keys == keys
    # One line end belongs to the marker.
    assert again.text == text
    assert card_text([], kept=again) == card


def test_a_name_that_the_hub_takes():
    assert require_repo_id("kampff-lab/spe.1_x") == "kampff-lab/spe.1_x"
