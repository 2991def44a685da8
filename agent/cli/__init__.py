"""The `ballast` command. Everything heavy is imported inside the commands, so that --help answers at once."""

from agent.cli.main import main

__all__ = ["main"]
