"""Turns what a person can mend into a message and an exit code instead of a traceback."""

import os
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from types import TracebackType
from typing import ParamSpec

from rich.console import Console

from agent.check import EXIT_REFUSED, print_reasons
from agent.reasons import Code, Reason, Refusal
from agent.watch.secrets import NOTHING_KNOWN

EXIT_FAILED = 3
EXIT_INTERRUPTED = 130

P = ParamSpec("P")


def reported(command: Callable[P, int]) -> Callable[P, int]:
    """Print what went wrong, without what looks like a secret, and return its exit code."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> int:
        console = Console(stderr=True)
        sys.excepthook = _crashed
        try:
            return command(*args, **kwargs)
        except Refusal as refusal:
            print_reasons([NOTHING_KNOWN.reason(reason) for reason in refusal.reasons], console)
            return EXIT_REFUSED
        except KeyboardInterrupt:
            console.print("[yellow]interrupted[/]")
            return EXIT_INTERRUPTED
        except (BrokenPipeError, ConnectionError):  # no file of ours: whoever read our output has gone
            raise
        except OSError as error:
            if error.errno is None:  # our own words: a part of the installation is missing
                console.print(f"[bold red]not found[/]  {error}", highlight=False, soft_wrap=True)
                return EXIT_FAILED
            place = str(error.filename or "the disk")
            print_reasons([Reason(Code.FILE_UNUSABLE, os.strerror(error.errno), where=place)], console)
            return EXIT_REFUSED

    return run


def _crashed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A mistake of ours: the traceback as ever, but its words may be a provider's."""
    sys.stderr.write(NOTHING_KNOWN("".join(traceback.format_exception(kind, error, trace))))
