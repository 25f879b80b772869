"""``python -m spe1_builder.cli``: the command, where ``spe1`` is not on the path."""

from spe1_builder.cli.app import main

main()
