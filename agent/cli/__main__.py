"""`python -m agent.cli` is the `ballast` command."""

from agent.cli import main

main()
