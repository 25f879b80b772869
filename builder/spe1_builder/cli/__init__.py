"""The command ``spe1``: one file a subcommand; only here is anything printed."""
