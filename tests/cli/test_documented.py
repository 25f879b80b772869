"""docs/command.md has every command, each with its options and no others."""

import re
from collections.abc import Iterator
from dataclasses import fields

from typer.main import get_command

from spe1_builder.cli.app import app
from spe1_builder.reading.info import CellInfo
from spe1_builder.reading.spike_summary import SpikeSummary
from tests.support.project import PROJECT

PAGE = (PROJECT / "docs/command.md").read_text(encoding="utf-8")
#: Of every command, named once above them.
COMMON = {"--quiet", "-q", "--verbose", "-v", "--json"}


def commands(command, words: str) -> Iterator[tuple[str, set[str]]]:
    """Each command's words, and its flags but the common ones."""
    if hasattr(command, "commands"):
        for name, one in command.commands.items():
            yield from commands(one, f"{words} {name}")
        return
    flags = {
        flag
        for parameter in command.params
        for flag in (*parameter.opts, *parameter.secondary_opts)
        if flag.startswith("-")
    }
    assert flags >= COMMON
    yield words, flags - COMMON


def sections() -> dict[str, str]:
    """The text under each heading of a command, by its words."""
    part = PAGE.partition("## Commands\n")[2].partition("\n## ")[0]
    assert all(f"`{flag}`" in part.partition("### ")[0] for flag in COMMON)
    found = {}
    for text in part.split("\n### ")[1:]:
        heading, _, body = text.partition("\n")
        words = re.match(r"`(spe1(?: [a-z]+)+)", heading)
        assert words is not None, heading
        found[words[1]] = body
    return found


def test_every_command_and_option_is_documented():
    documented = {
        words: set(re.findall(r"`(--?[a-z][a-z-]*)`", "\n".join(rows_of(body))))
        for words, body in sections().items()
    }
    assert documented == dict(commands(get_command(app), "spe1"))


def rows_of(body: str) -> list[str]:
    """First fields of a section's table: the options, without what is said of them."""
    return [line.split("|")[1] for line in body.splitlines() if line.startswith("| `")]


def test_every_command_is_in_the_table_of_json():
    table = PAGE.partition("| command | an object of `results` |")[2]
    named = " ".join(line.split("|")[1] for line in table.splitlines() if line.startswith("| `"))
    for words, _ in commands(get_command(app), ""):
        assert f"`{words.strip()}`" in named


def test_fields_of_info_and_spikes_are_named():
    table = PAGE.partition("| command | an object of `results` |")[2].splitlines()
    (info,) = [line for line in table if line.startswith("| `info` |")]
    (spikes,) = [line for line in table if line.startswith("| `spikes` |")]
    names = {"cell", "simulated", "origin", *CellInfo.model_fields} - {"cell_id"}
    assert names == set(re.findall(r"`(\w+)`", info)) - {"info"}
    names = {
        "cell",
        "simulated",
        "origin",
        "file",
        "rows",
        "cells",
        *(f.name for f in fields(SpikeSummary)),
    }
    assert names - {"cell_id"} == set(re.findall(r"`(\w+)`", spikes)) - {"spikes"}
