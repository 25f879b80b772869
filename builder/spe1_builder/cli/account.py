"""The CRCNS account, asked of a person."""

from __future__ import annotations

import getpass
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import typer

from spe1_builder.cli.console import say_aside

if TYPE_CHECKING:
    from spe1_builder.source.archive.server.credentials import Credentials


def is_interactive() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask_account() -> Credentials:
    """Ask for the CRCNS account on the terminal; the password is not shown.

    Raises
    ------
    KeyboardInterrupt
        Ctrl-C or Ctrl-D instead of an answer.
    """
    from spe1_builder.source.archive.server.credentials import Credentials

    say_aside("CRCNS account (free: https://crcns.org/register)")
    with suppress(typer.Abort, EOFError):
        username = typer.prompt("  user name", err=True)
        # Not typer's, which shows the prompt before it stops showing what is typed.
        return Credentials(username, getpass.getpass("  password: "))
    raise KeyboardInterrupt
