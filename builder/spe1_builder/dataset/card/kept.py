"""What of a card that is there stays in the next one: the author's part, and the repo's name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spe1_builder.disk.bounded import read_bounded
from spe1_builder.errors import OptionError
from spe1_builder.layout import CARD_END_MARKER, CARD_MARKER

#: Stands below the first marker where the name is known.
_REPO_LINE = "<!-- published as {repo_id} -->"
_REPO = re.compile(r"^<!-- published as (\S+) -->\r?$", re.MULTILINE)
#: The YAML at the top of a card.
_HEADER = re.compile(r"\A---\r?\n(.*?)^---\r?\n", re.MULTILINE | re.DOTALL)
#: No card comes near it.
_LARGEST_CARD_BYTES = 10_000_000
#: Keys of the YAML that are made; all others are the author's.
OUR_KEYS = (
    "license",
    "pretty_name",
    "language",
    "tags",
    "size_categories",
    "task_categories",
    "annotations_creators",
    "source_datasets",
    "configs",
    "dataset_info",
)


@dataclass(frozen=True)
class KeptPart:
    """What is not made from the cells.

    Attributes
    ----------
    repo_id : str or None
        Name of the repo on the Hub, ``user/name``; None where it is not known.
    keys : mapping of str to object
        The author's keys of the YAML, such as ``extra_gated_prompt``.
    text : str
        What stands below the end marker.
    """

    repo_id: str | None = None
    keys: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""

    @property
    def is_written(self) -> bool:
        """Whether an author has written anything."""
        return bool(self.keys or self.text.strip())

    @property
    def repo_line(self) -> str:
        return "" if self.repo_id is None else _REPO_LINE.format(repo_id=self.repo_id) + "\n"


def read_kept(card: Path) -> KeptPart:
    """The part of a card that the next one keeps; of none, nothing.

    Raises
    ------
    OptionError
        The author's part cannot be read, and would be lost.
    """
    if not card.is_file():
        return KeptPart()
    return kept_part(read_bounded(card, _LARGEST_CARD_BYTES, "The dataset card"), card)


def kept_part(content: bytes, card: Path) -> KeptPart:
    """The same of a card's bytes; ``card`` is where they are from.

    A card without the end marker is of an older version, and was made as a whole.
    """
    if CARD_END_MARKER.encode() not in content:
        return KeptPart()
    try:
        text = content.decode()
        header = read_header(text)
    except ValueError as error:
        raise OptionError(
            "What an author wrote into the card cannot be read, and would be lost.",
            where=card,
            got=error,
            do="mend its YAML, or move the file away; then write it again: spe1 card",
        ) from error
    generated, _, below = text.partition(CARD_END_MARKER)
    named = _REPO.search(generated)
    return KeptPart(
        named[1] if named and _is_repo_id(named[1]) else None,
        {key: value for key, value in header.items() if key not in OUR_KEYS},
        below.removeprefix("\r").removeprefix("\n"),
    )


def made_part(content: str) -> tuple[dict[str, Any], str]:
    """What a build makes of a card: its own keys of the YAML, and the text between the markers.

    Raises
    ------
    ValueError
        The YAML cannot be read.
    """
    header = read_header(content)
    text = content.partition(CARD_MARKER)[2].partition(CARD_END_MARKER)[0]
    return {key: header.get(key) for key in OUR_KEYS}, text


def read_header(text: str) -> dict[str, Any]:
    """The YAML of a card.

    Raises
    ------
    ValueError
        There is none, or it cannot be read.
    """
    import yaml

    found = _HEADER.match(text)
    if found is None:
        raise ValueError("it does not start with YAML between two lines of ---")
    try:
        # libyaml's parser, ten times as fast, comes with most wheels of PyYAML.
        header = yaml.load(found[1], getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    # The latter are raised on values such as ``!!bool x``.
    except (yaml.YAMLError, LookupError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"its YAML is invalid: {error}") from error
    if not isinstance(header, dict):
        raise ValueError("its YAML is no list of keys")
    return header


def require_repo_id(repo_id: str) -> str:
    """A repo's name as the Hub takes it.

    Raises
    ------
    OptionError
        It is none.

    Examples
    --------
    >>> require_repo_id("kampff/spe1")
    'kampff/spe1'
    """
    if not _is_repo_id(repo_id):
        raise OptionError(
            "That is not the name of a repo on the Hub.",
            where="repo",
            expected="an account, a slash and a name, such as user/spe1",
            got=f"{repo_id!r:.200}",
            do="name the repo without its address: --repo user/spe1",
        )
    return repo_id


def _is_repo_id(repo_id: str) -> bool:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(repo_id)
    except HFValidationError:
        return False
    return repo_id.count("/") == 1
