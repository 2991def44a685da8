"""Turns a refusal or a missing part of the installation into a message and an exit code instead of a traceback."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from rich.console import Console

from agent.check import EXIT_REFUSED, print_reasons
from agent.reasons import Refusal

EXIT_FAILED = 3

P = ParamSpec("P")


def reported(command: Callable[P, int]) -> Callable[P, int]:
    """Print what went wrong and return its exit code."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> int:
        console = Console(stderr=True)
        try:
            return command(*args, **kwargs)
        except Refusal as refusal:
            print_reasons(refusal.reasons, console)
            return EXIT_REFUSED
        except FileNotFoundError as error:
            console.print(f"[bold red]not found[/]  {error}", highlight=False, soft_wrap=True)
            return EXIT_FAILED

    return run
